"""What people have when the secret is rotated, and how to see that it still works."""

from collections.abc import Callable
from dataclasses import dataclass, field
from http.client import HTTPException

from drill import forge
from drill.browser import Browser, bearer, token_actor

PHASES = ("before", "during", "after", "removed")

# Seconds by which an expiry may differ: a Max-Age counts from the response.
LENIENCE = 120
# Characters. It has one fingerprint for each secret that it came from; browsers allow 4,096.
LONGEST_COOKIE = 600


@dataclass
class Check:
    """One row: `works` takes the port of a process, and tells whether all is as it should be.

    With `ends`, it has to be refused once the old secrets are removed.
    """

    name: str
    works: Callable[[int], bool]
    phases: tuple[str, ...] = PHASES
    ends: bool = False
    cells: dict[str, str] = field(default_factory=dict)

    def run(self, phase, ports):
        """Try it on every process, and fill the cell of the phase."""
        if phase not in self.phases or self.cells.get(phase, "ok") not in ("ok", "ended"):
            return
        over = self.ends and phase == "removed"
        lost = sum(self._tries(port) is over for port in ports)
        bad = "STILL WORKS" if over else "LOST"
        good = "ended" if over else "ok"
        self.cells[phase] = f"{bad} on {lost} of {len(ports)}" if lost else good

    def _tries(self, port):
        """Tell whether it works. An error page or no answer is as good as lost."""
        try:
            return bool(self.works(port))
        except (ValueError, OSError, HTTPException):
            return False

    @property
    def ok(self):
        """Whether every phase went as it should."""
        return set(self.cells.values()) <= {"ok", "ended"}

    def row(self):
        """Return the cells of the table."""
        return [self.name, *(self.cells.get(phase, "") for phase in PHASES), "ok" if self.ok else "FAILED"]


def checks(ports):
    """Let people log in and get their tokens at the processes; return their Checks."""
    first = ports[0]
    ann = Browser()
    ann.log_in(first)
    return [
        *sessions(first),
        *tokens(first, ann),
        *unfinished(first, ann),
        *across(ports),
        *strangers(),
    ]


def replacements(port):
    """Return the Checks of tokens made after the rotation, which outlive the old secrets."""
    ann = Browser()
    ann.log_in(port)
    signed, managed = ann.mint(port), ann.mint(port, "/-/api/tokens/create")
    late = PHASES[2:]
    return [
        Check("dstok_ token made after", lambda port: token_actor(port, signed) == "ann", late),
        Check("dsatok_ token made after", lambda port: token_actor(port, managed) == "ann", late),
    ]


def sessions(first):
    """Return the Checks of browsers that are logged in."""
    daily, idle, github = Browser(), Browser(), Browser()
    for browser in (daily, idle):
        browser.log_in(first)
    github.end_github_login(first)
    expires = github.cookie().expires

    def persists(port):
        github.restart()
        if github.actor(port) != "github:1":
            return False
        cookie = github.cookie()
        return cookie.secure and abs((cookie.expires or 0) - expires) < LENIENCE and http_only(cookie)

    def logs_out(port):
        browser = daily.clone()
        browser.get(port, "/-/logout", {})
        return browser.actor(port) is None and daily.actor(port) == "ann"

    return [
        Check("session of datasette-auth-passwords", lambda port: daily.actor(port) == "ann"),
        Check("its cookie stays short", lambda port: 0 < len(daily.session()) < LONGEST_COOKIE),
        Check("session of datasette-auth-github, browser closed each time", persists),
        Check(
            "session of a browser that comes back late",
            lambda port: idle.actor(port) == "ann",
            PHASES[2:],
        ),
        Check("logging out", logs_out),
    ]


def http_only(cookie):
    """Tell whether scripts in the page cannot read a cookie."""
    return cookie.has_nonstandard_attr("HttpOnly") or cookie.has_nonstandard_attr("httponly")


def tokens(first, ann):
    """Return the Checks of tokens from before."""
    hour = {"expire_type": "hours", "expire_duration": "1"}
    only_plants = {"resource:garden:plants:insert-row": "on"}
    found = []
    for kind, page in (("dstok_", "/-/create-token"), ("dsatok_", "/-/api/tokens/create")):
        for name, form in (("", {}), (", for an hour", hour)):
            token = ann.mint(first, page, **form)
            found.append(
                Check(f"{kind} token{name}", lambda port, t=token: token_actor(port, t) == "ann", ends=True)
            )
        limited = ann.mint(first, page, **only_plants, **hour)
        found.append(
            Check(f"{kind} token, for one table", lambda port, t=limited: only_inserts(port, t), ends=True)
        )
    return found


def only_inserts(port, token):
    """Tell whether a token may insert into the one table and not into the other."""
    statuses = [
        bearer(port, token, f"/garden/{table}/-/insert", {"name": "Ginkgo"}).status
        for table in ("plants", "secret_plants")
    ]
    return statuses == [201, 403]


def unfinished(first, ann):
    """Return the Checks of what begins before the rotation and ends later."""
    at_github, elsewhere, told = Browser(), Browser(), ann.clone()
    at_github.get(first, "/-/github-auth-start")
    back = elsewhere.get(first, "/-/drill/begin").text
    link = ann.get(first, "/-/drill/export-link").text
    text = "Ann's message"
    told.get(first, "/-/messages", {"message": text})

    def returns(port):
        browser = at_github.clone()
        browser.end_github_login(port)
        return browser.actor(port) == "github:1"

    return [
        Check("login at GitHub begun before", returns),
        Check(
            "signed state and cookie of a plugin's flow",
            lambda port: elsewhere.clone().get(port, back).text == "done",
            ends=True,
        ),
        Check("signed link of a plugin", lambda port: Browser().get(port, link).status == 200, ends=True),
        Check(
            "one-time message",
            lambda port: "Ann&#39;s message" in told.clone().get(port, "/").text,
            ends=True,
        ),
    ]


def across(ports):
    """Return the Checks of what one process signs and another accepts."""

    def other(port):
        return ports[ports.index(port) - 1]

    def login(port):
        browser = Browser()
        browser.log_in(port)
        return browser.actor(other(port)) == "ann"

    def flow(port):
        browser = Browser()
        back = browser.get(port, "/-/drill/begin").text
        return browser.get(other(port), back).text == "done"

    def mint(page):
        def works(port):
            browser = Browser()
            browser.log_in(port)
            token = browser.mint(port, page)
            return token is not None and token_actor(other(port), token) == "ann"

        return works

    return [
        Check("login at one process, used at another", login),
        Check("flow begun at one process, ended at another", flow),
        Check("dstok_ token of one process, used at another", mint("/-/create-token")),
        Check("dsatok_ token of one process, used at another", mint("/-/api/tokens/create")),
    ]


def strangers():
    """Return the Check of what must always be refused, which shows that the drill can tell."""
    stranger = Browser()
    stranger.use_session(forge.session("another secret"))
    token = forge.token("another secret")

    def refused(port):
        return stranger.clone().actor(port) is None and token_actor(port, token) is None

    return [Check("session and token of another secret are refused", refused)]


def expired_token(secret):
    """Return the Check of a token of this secret that has expired already."""
    token = forge.token(secret, "ann", age=7_200, lifetime=3_600)
    return Check("expired dstok_ token is refused", lambda port: token_actor(port, token) is None)
