"""The page /-/dstok in Chromium, with and without JavaScript, and an accessibility check.

Needs chromium and chromedriver in the PATH, and in DSTOK_AXE the path of axe.min.js; where one of
them is missing the tests are skipped. DSTOK_SCREENSHOT is a file to write a screenshot to.
"""

import os
import shutil
import time
from pathlib import Path

import pytest
from helpers import CURRENT, FOREIGN, OLD, cookie, token
from servers import serve

selenium = pytest.importorskip("selenium")

from selenium import webdriver  # noqa: E402
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.support.wait import WebDriverWait  # noqa: E402

CHROMIUM, DRIVER, AXE = (
    shutil.which("chromium"),
    shutil.which("chromedriver"),
    os.environ.get("DSTOK_AXE"),
)

pytestmark = pytest.mark.skipif(
    not (CHROMIUM and DRIVER and AXE),
    reason="needs chromium, chromedriver and axe-core (DSTOK_AXE)",
)

RESTRICTIONS = {"a": ["vi"], "d": {"garden": ["vd"]}, "r": {"garden": {"plants": ["vt", "ir"]}}}

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1000,1000",
)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with serve(tmp_path_factory.mktemp("browser"), CURRENT, {"old_secrets": [OLD]}) as server:
        yield server


@pytest.fixture(params=[True, False], ids=["JavaScript", "no JavaScript"])
def javascript(request):
    return request.param


@pytest.fixture
def browser(tmp_path, javascript):
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in (*FLAGS, f"--user-data-dir={tmp_path / 'profile'}"):
        options.add_argument(flag)
    if not javascript:
        options.add_experimental_option(
            "prefs", {"profile.managed_default_content_settings.javascript": 2}
        )
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    try:
        yield driver
    finally:
        driver.quit()


def log_in(browser, server, secret=CURRENT):
    """Give the browser the session of root, and open the home page."""
    browser.get(server.url + "/-/static/app.css")  # a cookie needs a page of its site
    browser.add_cookie({"name": "ds_actor", "value": cookie(secret, {"id": "root"})})
    browser.get(server.url)


def open_page(browser):
    """Go to the page by the menu, as people do."""
    browser.find_element(By.CSS_SELECTOR, "details.nav-menu summary").click()
    browser.find_element(By.LINK_TEXT, "Inspect a token").click()
    wait(browser, lambda: browser.find_element(By.TAG_NAME, "h1").text == "Inspect a token")


def wait(browser, condition):
    WebDriverWait(browser, 20, ignored_exceptions=[Exception]).until(lambda _: condition())


def paste(browser, text):
    """Paste a token and press the button; return what the page says about it."""
    form = browser.find_element(By.CSS_SELECTOR, "form.dstok-form")
    form.find_element(By.CSS_SELECTOR, "textarea").send_keys(text)
    form.find_element(By.CSS_SELECTOR, "input[type=submit]").click()
    wait(browser, lambda: form.id != browser.find_element(By.CSS_SELECTOR, "form.dstok-form").id)
    return browser.find_element(By.ID, "answer").text


def violations(browser):
    """Return what axe-core objects to, a line for each rule."""
    browser.execute_script(Path(AXE).read_text())
    found = browser.execute_async_script("axe.run().then(arguments[arguments.length - 1])")[
        "violations"
    ]
    return [f"{one['id']}: {[node['html'] for node in one['nodes']]}" for one in found]


def tokens():
    """Return (what is pasted, what the page must say) for tokens of every sort."""
    valid = token(CURRENT, "alice")
    return [
        (
            valid,
            ["This token is valid.", "alice", "Whatever its actor may do.", "the current secret"],
        ),
        (
            token(CURRENT, "alice", t=int(time.time()) - 7300, d=3600),
            ["This token has expired.", "1 hour ago"],
        ),
        (
            valid.replace("dstok_ey", "dstok_eY"),
            ["This token is not valid.", "it was changed or cut short"],
        ),
        (
            token(FOREIGN, "mallory"),
            [
                "This token is not valid.",
                "The signature is not right.",
                "mallory",
                "Anybody could have written this",
            ],
        ),
        (
            token(CURRENT, "ci", d=86_400, _r=RESTRICTIONS),
            [
                "This token is valid.",
                "everywhere: view-instance",
                "in the database garden: view-database",
                "in garden/plants: view-table, insert-row",
            ],
        ),
        (
            token(OLD, "ci", d=86_400, _r=RESTRICTIONS),
            [
                "This token is valid.",
                "It is signed with old secret 1",
                "in garden/plants: view-table, insert-row",
            ],
        ),
    ]


def test_walk_through(browser, server, javascript):
    log_in(browser, server)
    open_page(browser)
    if javascript:
        assert violations(browser) == []
    for pasted, expected in tokens():
        said = paste(browser, pasted)
        for part in expected:
            assert part in said
        assert pasted not in browser.page_source
        assert browser.current_url == server.url + "/-/dstok"
        if javascript:
            assert violations(browser) == []
    summary = browser.find_element(By.CSS_SELECTOR, "#answer summary")
    assert not browser.find_element(By.CSS_SELECTOR, "#answer pre").is_displayed()
    summary.click()
    assert '"a": "ci"' in browser.find_element(By.CSS_SELECTOR, "#answer pre").text
    if javascript:
        assert violations(browser) == []
        if "DSTOK_SCREENSHOT" in os.environ:
            for used, _ in tokens():
                server.request("/-/actor.json", token=used)
            paste(browser, pasted)
            browser.set_window_size(1000, 1340)
            browser.save_screenshot(os.environ["DSTOK_SCREENSHOT"])


def test_session_of_an_old_secret(browser, server):
    log_in(browser, server, OLD)
    assert browser.get_cookie("ds_actor")["value"] == cookie(
        CURRENT, {"id": "root"}, renewed_from=[OLD]
    )
    open_page(browser)
    assert "old secret 1" in browser.find_element(By.CSS_SELECTOR, ".dstok-secrets").text


def test_without_permission(browser, server):
    browser.get(server.url)
    assert not browser.find_elements(By.LINK_TEXT, "Inspect a token")
    browser.get(server.url + "/-/dstok")
    assert "Forbidden" in browser.find_element(By.TAG_NAME, "body").text
