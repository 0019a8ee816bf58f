"""What people use: a browser with a cookie jar, and programs with tokens."""

import copy
import http.client
import json
import re
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar

from drill import DrillFailure
from drill.cluster import PASSWORD, PATIENCE

TOKEN = re.compile(r"(?:dstok|dsatok)_[\w.-]{20,}")


class Answer:
    """An HTTP response: `status`, `headers`, `text`, `json`."""

    def __init__(self, response):
        self.status, self.headers = response.status, response.headers
        self.text = response.read().decode(errors="replace")

    @property
    def json(self):
        """The decoded body."""
        return json.loads(self.text)


def send(port, path, data=None, headers=()):
    """Send a request to a process as a proxy does that people reach over HTTPS; return the response."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    headers = {"X-Forwarded-Proto": "https", "Connection": "close", **dict(headers)}
    connection.request("GET" if data is None else "POST", path, data, headers)
    return connection.getresponse()


class Browser:
    """Keeps cookies as a browser does, with their expiry and Secure, and follows no redirect."""

    def __init__(self):
        self.jar = CookieJar()

    def get(self, port, path, form=None):
        """Send a GET, or a POST of the dict `form`, to the process at `port`; return an Answer."""
        # For the jar there is one site, whichever process answers.
        page = urllib.request.Request(f"https://127.0.0.1{path}")
        self.jar.add_cookie_header(page)
        headers = dict(page.header_items())
        data = None
        if form is not None:
            data = urllib.parse.urlencode(form)
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        response = send(port, path, data, headers)
        self.jar.extract_cookies(response, page)
        return Answer(response)

    def clone(self):
        """Return another browser with the same cookies: what ends once can so be tried often."""
        other = Browser()
        for cookie in self.jar:
            other.jar.set_cookie(copy.copy(cookie))
        return other

    def restart(self):
        """Lose what a browser loses when it is closed: cookies without an expiry."""
        self.jar.clear_session_cookies()

    def cookie(self, name="ds_actor"):
        """Return a cookie of the jar (http.cookiejar.Cookie), or None."""
        return next((one for one in self.jar if one.name == name), None)

    def session(self):
        """Return the value of ds_actor; empty if there is none."""
        cookie = self.cookie()
        return cookie.value if cookie else ""

    def use_session(self, value):
        """Put a value into the cookie ds_actor, as an attacker does."""
        answer = http.client.HTTPMessage()
        answer["Set-Cookie"] = f"ds_actor={value}; Path=/"
        response = type("Forged", (), {"info": lambda self: answer})()
        self.jar.extract_cookies(response, urllib.request.Request("https://127.0.0.1/"))

    def actor(self, port):
        """Return the ID of whom Datasette takes this browser for, or None."""
        actor = self.get(port, "/-/actor.json").json["actor"]
        return actor["id"] if actor else None

    def log_in(self, port):
        """Log in with ann's password."""
        self.get(port, "/-/login", {"username": "ann", "password": PASSWORD})

    def end_github_login(self, port):
        """Come back from GitHub, which gave a code."""
        self.get(port, "/-/github-auth-callback?code=drill")

    def mint(self, port, page="/-/create-token", **form):
        """Return the token that the form of a page makes, or None if it makes none."""
        found = TOKEN.search(self.get(port, page, form).text)
        return found[0] if found else None


def bearer(port, token, path="/-/actor.json", row=None):
    """Send a token; with `row` a POST of it as JSON. Return an Answer."""
    headers = {"Authorization": f"Bearer {token}"}
    if row is None:
        return Answer(send(port, path, None, headers))
    headers["Content-Type"] = "application/json"
    return Answer(send(port, path, json.dumps({"row": row}), headers))


def token_actor(port, token):
    """Return the ID of whom Datasette takes a token for, or None."""
    answer = bearer(port, token)
    if answer.status == 401:
        return None
    if answer.status != 200:
        raise DrillFailure(f"/-/actor.json answered {answer.status}")
    actor = answer.json["actor"]
    return actor["id"] if actor else None
