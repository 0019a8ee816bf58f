"""The page in Chromium: it says what dstok says, and makes no request once it has loaded.

Needs chromium and chromedriver in the PATH; where one is missing the tests are skipped. So is the
check of accessibility without axe-core, whose axe.min.js DSTOK_AXE names. DSTOK_SCREENSHOTS is a
folder to write screenshots to.
"""

import contextlib
import functools
import json
import os
import shutil
import threading
import unicodedata
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait
from tokens import BUILT, NOW, answers, report, tokens

CHROMIUM, DRIVER, AXE = shutil.which("chromium"), shutil.which("chromedriver"), os.environ.get("DSTOK_AXE")

pytestmark = pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="needs chromium and chromedriver")

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--net-log-capture-mode=Everything",
)

# Whom a new Chromium asks for the time, for updates, for accounts and for the page of a new tab.
OWN_HOSTS = {"accounts.google.com", "clients2.google.com", "start.duckduckgo.com", "update.googleapis.com"}

FILES = ["/", "/module.js", "/page.js", "/style.css"]

RESTRICTED = next(
    t
    for t, a in zip(tokens(), answers(), strict=True)
    if a["restrictions"] and a["status"] == "unchecked" and a["restrictions"]["resource"] and a["expires"]
)

VERDICTS = {
    "unchecked": "Nothing is wrong, but the signature is not checked",
    "expired": "This token has expired",
    "invalid": "This token is not valid",
}

# Pastes texts into the field, one after another, and returns what the page then shows of each.
PASTE_ALL = """
const field = document.getElementById("token");
const shown = (id) => document.getElementById(id).hidden ? null : document.getElementById(id);
return arguments[0].map((text) => {
  field.textContent = text;
  field.dispatchEvent(new InputEvent("input"));
  const rows = shown("places")?.tBodies[0].rows ?? [];
  return {
    verdict: [...document.querySelectorAll("#verdict h2, #verdict p")].map((one) => one.textContent),
    facts: Object.fromEntries([...document.querySelectorAll("#facts > div")].map(
      (one) => [one.firstChild.textContent, one.lastChild.textContent])),
    rows: [...rows].map((row) => [...row.cells].map((cell) => cell.textContent)),
    payload: shown("payload")?.lastElementChild.textContent ?? null,
  };
});
"""


# Where a page could leave what was pasted.
STATE = """
const { length, state } = history;
return [location.href, length, state, document.cookie, localStorage.length, sessionStorage.length];
"""


class Site:
    """A folder on the loopback interface, and the paths that were asked for."""

    def __init__(self, folder):
        self.paths = []
        handler = functools.partial(Handler, self.paths, directory=str(folder))
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


class Handler(SimpleHTTPRequestHandler):
    def __init__(self, paths, *arguments, **options):
        self.paths = paths
        super().__init__(*arguments, **options)

    def log_request(self, *_):
        self.paths.append(self.path)


@contextlib.contextmanager
def serve(folder):
    site = Site(folder)
    threading.Thread(target=site.server.serve_forever, daemon=True).start()
    yield site
    site.server.shutdown()


@contextlib.contextmanager
def chromium(folder):
    """Start a Chromium that writes its network log to folder/net.json, complete once it has ended."""
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in (*FLAGS, f"--user-data-dir={folder / 'profile'}", f"--log-net-log={folder / 'net.json'}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    frozen = {"source": f"Date.now = () => {NOW}000"}
    driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", frozen)
    # Leave the page of a new tab, which is made of many files.
    driver.get("about:blank")
    events(driver)
    try:
        yield driver
    finally:
        driver.quit()


def load(browser, url):
    """Open the page and wait until it is ready. Return the URLs that it asked for."""
    browser.get(url)
    WebDriverWait(browser, 60).until(lambda _: is_ready(browser))
    return requests(browser)


def is_ready(browser):
    return browser.find_element(By.ID, "token").get_attribute("contenteditable") == "plaintext-only"


def events(browser):
    """Return the network events since the last call, as DevTools report them."""
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    return [message for message in messages if message["method"].startswith("Network.")]


def requests(browser):
    sent = [one["params"] for one in events(browser) if one["method"] == "Network.requestWillBeSent"]
    return sorted(one["request"]["url"] for one in sent)


def hosts_asked(folder, site):
    """Return the hosts in Chromium's own network log, from the request for the page on.

    The log has the requests of the browser itself too: some have nothing to do with any page.
    """
    log = json.loads((folder / "net.json").read_text())
    urls = [event["params"]["url"] for event in log["events"] if "url" in event.get("params", {})]
    urls = urls[urls.index(f"{site.url}/") :]
    hosts = {urlsplit(url).netloc for url in urls if urlsplit(url).scheme in ("http", "https", "ws", "wss")}
    return hosts - OWN_HOSTS


def paste(browser, text):
    """Insert a text where the focus is, as pasting does."""
    browser.find_element(By.ID, "token").click()
    browser.execute_cdp_cmd("Input.insertText", {"text": text})


def check_load(site, browser):
    """Open the page. It asks for its files and for nothing else."""
    assert load(browser, f"{site.url}/") == [f"{site.url}{path}" for path in FILES]
    assert sorted(site.paths) == FILES


def check_silence(site, browser):
    """Use the page that has loaded. There must be no network event and no request."""
    assert browser.execute_script(PASTE_ALL, [RESTRICTED])
    browser.find_element(By.ID, "clear").click()
    paste(browser, RESTRICTED)
    browser.find_element(By.CSS_SELECTOR, "summary").click()
    # A request that waits for a turn of the event loop is seen too.
    browser.execute_async_script("setTimeout(arguments[0], 500)")
    assert events(browser) == []
    assert sorted(site.paths) == FILES


def test_no_request_after_the_page_has_loaded(tmp_path):
    with serve(BUILT) as site, chromium(tmp_path) as browser:
        check_load(site, browser)
        before = browser.execute_script(STATE)
        check_silence(site, browser)
        assert browser.execute_script(STATE) == before
        assert before[0] == f"{site.url}/"
        assert before[2:] == [None, "", 0, 0]
        assert browser.get_log("browser") == []
    assert hosts_asked(tmp_path, site) == {urlsplit(site.url).netloc}
    assert RESTRICTED not in (tmp_path / "net.json").read_text()


@pytest.mark.parametrize(
    "leak",
    [
        "fetch('/leak?' + pasted)",
        "fetch('/leak', {method: 'POST', body: pasted})",
        "new Image().src = '/leak?' + pasted",
        "navigator.sendBeacon('/leak', pasted)",
        "new WebSocket('ws://' + location.host + '/leak')",
    ],
)
@pytest.mark.parametrize("has_policy", [True, False])
def test_a_page_that_leaks_is_found_out(tmp_path, leak, has_policy):
    """Without the policy of the page these leak, and the check above fails. With it they don't."""
    folder = tmp_path / "built"
    shutil.copytree(BUILT, folder)
    edit(folder / "page.js", "  const now = Date.now() / 1000;\n", f"  {leak};\n")
    if not has_policy:
        edit(folder / "index.html", '<meta http-equiv="Content-Security-Policy"', "<meta")
    with serve(folder) as site, chromium(tmp_path) as browser:
        check_load(site, browser)
        with contextlib.suppress(AssertionError) if has_policy else pytest.raises(AssertionError):
            check_silence(site, browser)
        assert any(path.startswith("/leak") for path in site.paths) != has_policy


def edit(file, old, new):
    """Replace what a file has once by something new, and keep the clock."""
    text = file.read_text()
    assert text.count(old) == 1
    file.write_text(text.replace(old, f"{old}{new}" if file.suffix == ".js" else new))


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with chromium(tmp_path_factory.mktemp("browser")) as driver:
        # It also works as a file.
        load(driver, (BUILT / "index.html").as_uri())
        yield driver


def expected(token, answer):
    """Return what the page must show of a token, by what dstok answers and reports."""
    lines = report(token)
    facts = {"Signature": {"unchecked": "Not checked", "invalid": "Invalid"}[answer["signature"]]}
    for label in ("Created", "Expires", "May do"):
        if label in lines:
            number, space, rest = lines[label][0].partition(" ")
            facts[label] = visible(number[0].upper() + number[1:]) + space + rest
    # dstok inspect prints no lone surrogates.
    if isinstance(answer["actor_id"], str):
        facts["Actor"] = visible(answer["actor_id"])
    elif "Actor" in lines:
        text, what = lines["Actor"][0].rsplit(" (", 1)
        facts["Actor"] = f"{visible(text)} ({what}"
    if "Unknown" in lines:
        names = visible(", ".join(answer["unknown_actions"]))
        facts["Unknown"] = f"{names} (not an action of Datasette 1.0a41)"
    rows = [(where, ", ".join(names)) for where, names in places(answer["restrictions"]) if any(names)]
    shown = [[visible(where), visible(actions)] for where, actions in rows[:500]]
    more = len(rows) - len(shown)
    return facts, shown + [[f"and {more} more places"]] * bool(more)


def visible(text):
    """Return a text with what is invisible in it escaped, and cut if it is long."""
    if len(text) > 2_000:
        return f"{visible(text[:2_000])}… ({len(text)} characters)"
    short = {"\t": "\\t", "\n": "\\n", "\r": "\\r"}
    is_hidden = {character: unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") for character in text}
    return "".join(short.get(c, f"\\u{{{ord(c):x}}}") if is_hidden[c] else c for c in text)


def places(restrictions):
    """Yield each place where a token may do something, with the names of the actions."""
    if restrictions:
        yield "Everywhere", restrictions["all"]
        for database, names in restrictions["database"].items():
            yield f"Database {database}", names
        for database, resources in restrictions["resource"].items():
            for name, names in resources.items():
                yield f"{database}/{name}", names


def test_every_token_is_shown_as_dstok_reports_it(browser):
    shown, too_long = browser.execute_script(PASTE_ALL, tokens()), []
    for token, page, answer in zip(tokens(), shown, answers(), strict=True):
        if not token:
            continue
        facts, rows = expected(token, answer)
        assert page["verdict"][0] == VERDICTS[answer["status"]], token
        if answer["status"] == "invalid":
            assert page["verdict"][1] == f"{answer['reason']}.", token
        if page["facts"].pop("Payload", None):
            too_long.append(token)
            assert page["payload"] is None
        else:
            assert json.loads(page["payload"] or "null") == answer["payload"], token
        assert page["facts"] == facts, token
        # JavaScript lists names that are numbers first.
        assert sorted(page["rows"]) == sorted(rows), token
    assert 0 < len(too_long) < 10


def violations(browser):
    """Return what axe-core objects to, a line for each rule."""
    browser.execute_script(Path(AXE).read_text())
    found = browser.execute_async_script("axe.run().then(arguments[arguments.length - 1])")
    return [f"{one['id']}: {[node['html'] for node in one['nodes']]}" for one in found["violations"]]


@pytest.mark.skipif(not AXE, reason="needs axe-core (DSTOK_AXE)")
@pytest.mark.parametrize("colours", ["light", "dark", "forced"])
@pytest.mark.parametrize("width", [390, 1200])
def test_looks(browser, width, colours):
    size = {"width": width, "height": 844, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    features = [
        {"name": "prefers-color-scheme", "value": "dark" if colours == "dark" else "light"},
        {"name": "forced-colors", "value": "active" if colours == "forced" else "none"},
    ]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    for name, text in (("restricted", RESTRICTED), ("invalid", RESTRICTED[:-5]), ("empty", "")):
        browser.execute_script(PASTE_ALL, [text])
        assert browser.execute_script("return document.scrollingElement.scrollWidth") <= width
        assert violations(browser) == []
        if folder := os.environ.get("DSTOK_SCREENSHOTS"):
            browser.save_screenshot(f"{folder}/{name}-{width}-{colours}.png")


def test_keyboard_and_screen_reader(browser):
    browser.execute_script("document.activeElement.blur()")
    keys = webdriver.ActionChains(browser)
    keys.send_keys(Keys.TAB).send_keys(f'"Bearer {RESTRICTED}" ').perform()
    assert browser.switch_to.active_element.accessible_name == "Token"
    status = browser.find_element(By.CSS_SELECTOR, "[role=status]")
    assert VERDICTS["unchecked"] in status.text
    keys = webdriver.ActionChains(browser)
    keys.send_keys(Keys.TAB).send_keys(Keys.ENTER).perform()
    assert browser.switch_to.active_element.get_attribute("id") == "token"
    assert (browser.switch_to.active_element.text, status.text) == ("", "")


def test_nothing_comes_back_with_the_page(browser):
    paste(browser, RESTRICTED)
    browser.refresh()
    WebDriverWait(browser, 60).until(lambda _: is_ready(browser))
    assert browser.find_element(By.ID, "token").text == ""
    paste(browser, RESTRICTED)
    browser.get("about:blank")
    browser.back()
    WebDriverWait(browser, 60).until(lambda _: is_ready(browser))
    assert browser.find_element(By.ID, "token").text == ""
