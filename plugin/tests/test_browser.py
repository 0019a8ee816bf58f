"""The pages in Chromium: narrow and wide, light and in forced colours, by keyboard alone, without
JavaScript; and an accessibility check.

Needs chromium and chromedriver in the PATH, and in DSTOK_AXE the path of axe.min.js; where one of
them is missing the tests are skipped. DSTOK_SCREENSHOTS is a folder to write screenshots to.
"""

import base64
import os
import shutil
import time
from pathlib import Path

import pytest
from helpers import CURRENT, FOREIGN, OLD, OLDER, cookie, token
from servers import serve

selenium = pytest.importorskip("selenium")

from selenium import webdriver  # noqa: E402
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402
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
    "--window-size=1200,1000",
)

# A plugin in whose report there is a secret of each kind.
REPORTING = """
import time
from datasette import hookimpl
from datasette_dstok.instance import instance_of
from datasette_dstok.usage import Report, SecretReport, Use
from datasette_dstok.verdicts import Verdict

DAY = 86_400


async def report(datasette):
    now = time.time()
    return Report(
        scope="all processes",
        since=now - 20 * DAY,
        secrets=[
            SecretReport(
                "the current secret",
                "k3Jx9QaL",
                [
                    Use("cookies", 48_211, 86, False, now, "root"),
                    Use("tokens", 1_302_877, 10_000, True, now - 2, "ci"),
                    Use("a-namespace-of-another-plugin", 40, None, False, now - 7_000, None),
                ],
                None,
                None,
                None,
            ),
            SecretReport(
                "old secret 1",
                "Zt0b_4mE",
                [
                    Use("cookies", 3, 1, False, now - 3 * DAY, "bob"),
                    Use("tokens", 911, 2, False, now - 6, "ann"),
                ],
                Verdict("keep", "Last used 6 seconds ago by ann. Keep it."),
                now - 20 * DAY,
                6,
            ),
            SecretReport(
                "old secret 2",
                "9uW-cR7y",
                [Use("tokens", 17, 4, False, now - 15 * DAY, "alice")],
                Verdict("safe", "Not used for 15 days (observed for 20 days): safe to remove."),
                now - 20 * DAY,
                15 * DAY,
            ),
            SecretReport("a removed secret", "mm2QpLs8", [], None, None, None),
        ],
    )


@hookimpl(trylast=True)
def startup(datasette):
    instance_of(datasette).usage.report = report
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("browser")
    (folder / "plugins").mkdir()
    (folder / "plugins" / "reporting.py").write_text(REPORTING)
    options = {"old_secrets": [OLD, OLDER], "replace_signed": True, "max_expires_after": 2_592_000}
    arguments = ["--plugins-dir", folder / "plugins"]
    with serve(
        folder, CURRENT, options, arguments, {"PYTHONPATH": str(Path(__file__).parent)}
    ) as s:
        yield s


def start(profile, javascript=True):
    """Return a driver of a new Chromium."""
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    if not javascript:
        options.add_experimental_option(
            "prefs", {"profile.managed_default_content_settings.javascript": 2}
        )
    return webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    driver = start(tmp_path_factory.mktemp("profile"))
    yield driver
    driver.quit()


@pytest.fixture(params=["390 light", "390 forced", "1200 light", "1200 forced"])
def looks(request, browser):
    """Make the window so wide, and the colours light or forced; return the two."""
    width, colours = request.param.split()
    size = {"width": int(width), "height": 844, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.execute_cdp_cmd("Emulation.setScrollbarsHidden", {"hidden": True})
    value = "active" if colours == "forced" else "none"
    media = {"features": [{"name": "forced-colors", "value": value}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    return int(width), colours


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


def focused(browser):
    """Return the id of the element that has the focus."""
    return browser.switch_to.active_element.get_attribute("id")


def violations(browser):
    """Return what axe-core objects to, a line for each rule."""
    browser.execute_script(Path(AXE).read_text())
    found = browser.execute_async_script("axe.run().then(arguments[arguments.length - 1])")[
        "violations"
    ]
    return [f"{one['id']}: {[node['html'] for node in one['nodes']]}" for one in found]


def check_looks(browser, width):
    """Nothing is cut off or to be scrolled sideways, and axe-core finds nothing."""
    assert browser.execute_script("return innerWidth") == width
    assert browser.execute_script("return document.scrollingElement.scrollWidth") <= width
    beyond = browser.execute_script(
        "return [...document.querySelectorAll('.dstok *')].filter(one => {"
        " const box = one.getBoundingClientRect();"
        " return box.right > innerWidth + 0.5 || box.left < 0 }).map(one => one.outerHTML)"
    )
    assert beyond == []
    assert violations(browser) == []


def press_tab_until(browser, condition):
    """Press Tab until an element that has the focus is the right one; return it."""
    for _ in range(40):
        webdriver.ActionChains(browser).send_keys(Keys.TAB).perform()
        element = browser.switch_to.active_element
        if condition(element):
            return element
    raise AssertionError("it cannot be reached by keyboard")


def tokens():
    """Return (what is pasted, the title, what the page must say) for tokens of every sort."""
    valid = token(CURRENT, "alice")
    return [
        (
            valid,
            "Valid",
            ["This token is valid.", "alice", "Whatever its actor may do.", "the current secret"],
        ),
        (
            token(CURRENT, "alice", t=int(time.time()) - 7200, d=3600),
            "Expired",
            ["This token has expired.", "1 hour ago"],
        ),
        (
            valid.replace("dstok_ey", "dstok_eY"),
            "Not valid",
            ["This token is not valid.", "The text after dstok_ does not begin like"],
        ),
        (
            token(FOREIGN, "mallory"),
            "Not valid",
            [
                "This token is not valid.",
                "It was made with another secret, or it was changed",
                "mallory",
                "Anyone could have written this",
            ],
        ),
        (
            "dsatok_" + valid,
            "Another plugin's token",
            ["This is a token of the plugin datasette-auth-tokens."],
        ),
        (
            token(CURRENT, "ci" * 40, d=86_400, _r={"a": ["n" * 100]}),
            "Valid",
            ["This token is valid.", "in 1 day", "Everywhere:\n" + "n" * 100, "no such action"],
        ),
        (
            token(OLD, "ci", d=86_400, _r=RESTRICTIONS),
            "Works for now",
            [
                "This token works, but only while old secret 1 is accepted.",
                "Everywhere:\nview-instance",
                "In the database garden:\nview-database",
                "In garden/plants:\nview-table\ninsert-row",
            ],
        ),
    ]


def check_token(browser, server, pasted, title, expected):
    """Paste a token: the page says what it must, first the verdict, which has the focus."""
    said = paste(browser, pasted)
    for part in expected:
        assert part in said
    assert browser.title == f"{title} \u2013 Inspect a token"
    wait(browser, lambda: focused(browser) == "verdict")
    verdict = browser.find_element(By.ID, "verdict").rect
    assert verdict["y"] + verdict["height"] < 844, "to be seen without scrolling"
    assert pasted not in browser.page_source
    assert browser.current_url == server.url + "/-/dstok"


def test_inspect(browser, server, looks):
    width, _ = looks
    log_in(browser, server)
    open_page(browser)
    check_looks(browser, width)
    for pasted, title, expected in tokens():
        check_token(browser, server, pasted, title, expected)
        check_looks(browser, width)
    pre = browser.find_element(By.CSS_SELECTOR, "#answer pre")
    assert not pre.is_displayed()
    browser.find_element(By.CSS_SELECTOR, "#answer summary").click()
    assert '"a": "ci"' in pre.text
    check_looks(browser, width)


def test_secrets(browser, server, looks):
    width, _ = looks
    log_in(browser, server)
    browser.get(server.url + "/-/dstok")
    browser.find_element(By.LINK_TEXT, "Secrets").click()
    wait(browser, lambda: browser.title == "Secrets")
    check_looks(browser, width)
    said = browser.find_element(By.TAG_NAME, "main").text
    for part in ("Last used 6 seconds ago by ann. Keep it.", "1,302,877", "10,000 or more"):
        assert part in said


def test_refused(browser, server, looks):
    width, _ = looks
    log_in(browser, server)
    browser.get(server.url + "/-/create-token")
    browser.find_element(By.CSS_SELECTOR, "form.core input[type=submit]").click()
    wait(browser, lambda: browser.title == "No token was made")
    assert "30 days (720 hours)" in browser.find_element(By.TAG_NAME, "main").text
    assert focused(browser) == "verdict"
    check_looks(browser, width)
    browser.find_element(By.PARTIAL_LINK_TEXT, "Back to").click()
    wait(browser, lambda: browser.title == "Create an API token")


def test_forced_colours_show_which_tab_it_is(browser, server, looks):
    """In forced colours a transparent border is drawn: the other tab's has to be hidden."""
    _, colours = looks
    log_in(browser, server)
    browser.get(server.url + "/-/dstok/secrets")
    assert browser.execute_script("return matchMedia('(forced-colors: active)').matches") == (
        colours == "forced"
    )
    other, this = browser.find_elements(By.CSS_SELECTOR, ".dstok-tabs a")
    assert this.value_of_css_property("border-bottom-style") == "solid"
    if colours == "forced":
        assert other.value_of_css_property("border-bottom-style") == "none"
    else:
        assert other.value_of_css_property("border-bottom-color") == "rgba(0, 0, 0, 0)"
    for verdict in browser.find_elements(By.CSS_SELECTOR, ".dstok-verdict"):
        assert verdict.value_of_css_property("border-left-width") == "8px"


def test_keyboard_alone(browser, server, looks):
    log_in(browser, server)
    browser.get(server.url + "/-/dstok")
    press_tab_until(browser, lambda one: one.get_attribute("id") == "dstok-token")
    webdriver.ActionChains(browser).send_keys(token(OLD, "ci")).perform()
    button = press_tab_until(browser, lambda one: one.get_attribute("value") == "Inspect")
    assert button.value_of_css_property("outline-style") != "none"
    webdriver.ActionChains(browser).send_keys(Keys.ENTER).perform()
    wait(browser, lambda: focused(browser) == "verdict")
    press_tab_until(browser, lambda one: one.text == "Create an API token")
    press_tab_until(browser, lambda one: one.text == "Payload")
    webdriver.ActionChains(browser).send_keys(Keys.ENTER).perform()
    wait(browser, browser.find_element(By.CSS_SELECTOR, "#answer pre").is_displayed)
    browser.get(server.url + "/-/dstok")
    press_tab_until(browser, lambda one: one.text == "Secrets")
    webdriver.ActionChains(browser).send_keys(Keys.ENTER).perform()
    wait(browser, lambda: browser.title == "Secrets")


def test_without_javascript(tmp_path, server):
    browser = start(tmp_path / "profile", javascript=False)
    try:
        log_in(browser, server)
        open_page(browser)
        for pasted, title, expected in tokens():
            check_token(browser, server, pasted, title, expected)
        browser.find_element(By.CSS_SELECTOR, "#answer summary").click()
        assert '"a": "ci"' in browser.find_element(By.CSS_SELECTOR, "#answer pre").text
    finally:
        browser.quit()


def test_session_of_an_old_secret(browser, server):
    log_in(browser, server, OLD)
    assert browser.get_cookie("ds_actor")["value"] == cookie(
        CURRENT, {"id": "root"}, renewed_from=[OLD]
    )
    open_page(browser)


def test_without_permission(browser, server):
    browser.delete_all_cookies()
    browser.get(server.url)
    assert not browser.find_elements(By.LINK_TEXT, "Inspect a token")
    for path in ("/-/dstok", "/-/dstok/secrets"):
        browser.get(server.url + path)
        assert "Forbidden" in browser.find_element(By.TAG_NAME, "body").text


@pytest.mark.skipif("DSTOK_SCREENSHOTS" not in os.environ, reason="renews the screenshots")
def test_screenshots(browser, server):
    folder = Path(os.environ["DSTOK_SCREENSHOTS"])
    media = {"features": [{"name": "forced-colors", "value": "none"}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    size = {"width": 900, "height": 844, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.execute_cdp_cmd("Emulation.setScrollbarsHidden", {"hidden": True})
    log_in(browser, server)
    browser.get(server.url + "/-/dstok")
    pasted, *_ = tokens()[-1]
    paste(browser, pasted)
    end = browser.find_element(By.CSS_SELECTOR, "form.dstok-form")
    screenshot(browser, folder / "inspect-a-token.png", end.rect["y"])
    browser.get(server.url + "/-/dstok/secrets")
    end = browser.find_elements(By.CSS_SELECTOR, ".dstok-secret")[3]
    screenshot(browser, folder / "secrets.png", end.rect["y"])


def screenshot(browser, path, height=None):
    """Write the page as a PNG, down to a height in pixels."""
    options = {"format": "png", "captureBeyondViewport": True}
    if height:
        clip = {"x": 0, "y": 0, "width": 900, "height": height, "scale": 1}
        options = {**options, "clip": clip}
    found = browser.execute_cdp_cmd("Page.captureScreenshot", options)
    path.write_bytes(base64.b64decode(found["data"]))
