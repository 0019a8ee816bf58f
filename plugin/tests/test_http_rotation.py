"""A rotation as it is done: real servers, one after the other, and real HTTP."""

import re
import sqlite3
from contextlib import closing

import pytest
from servers import serve

A, B = "the secret before", "the secret after"


@pytest.fixture
def database(tmp_path):
    path = tmp_path / "garden.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("create table plants (id integer primary key, name text)")
        connection.execute("insert into plants (name) values ('Ginkgo')")
        connection.commit()
    return path


def log_in(server):
    """Use the link that --root prints; return the cookie."""
    link = next(line for line in server.log.read_text().splitlines() if "/-/auth-token?" in line)
    return set_cookie(server.request(link.removeprefix(server.url)))


def set_cookie(answer):
    """Return the ds_actor cookie that an answer sets, or None."""
    for header in answer.headers.get_all("set-cookie") or ():
        if header.startswith("ds_actor="):
            return header.split(";")[0].removeprefix("ds_actor=")
    return None


def mint(server, cookie):
    """Have a token made by Datasette's own page."""
    page = server.post_form("/-/create-token", cookie, expire_type="hours", expire_duration="1")
    return re.search(r"dstok_[\w.-]+", page.text)[0]


def test_token_and_session_survive_a_rotation(tmp_path, database):
    with serve(tmp_path, A, arguments=[database]) as server:
        cookie = log_in(server)
        token = mint(server, cookie)
        assert insert(server, token, "Yew") == 201

    with serve(tmp_path, B, {"old_secrets": [{"$env": "OLD"}]}, [database], {"OLD": A}) as server:
        assert insert(server, token, "Fern") == 201
        answer = server.request("/-/actor.json", cookie=cookie)
        assert answer.json["actor"] == {"id": "root"}
        renewed = set_cookie(answer)
        assert renewed
        assert renewed != cookie
        # What is minted from now on, and the renewed cookie, need no old secret.
        later = mint(server, renewed)
        page = server.request("/-/dstok/secrets", cookie=renewed).text
        assert "old secret 1" in page
        assert A not in page
        assert B not in page

    with serve(tmp_path, B, arguments=[database]) as server:
        assert server.request("/-/actor.json", cookie=renewed).json["actor"] == {"id": "root"}
        assert insert(server, later, "Moss") == 201
        # The old ones have had their time.
        assert server.request("/-/actor.json", cookie=cookie).json["actor"] is None
        assert insert(server, token, "Oak") == 401

    with closing(sqlite3.connect(database)) as connection:
        names = [name for (name,) in connection.execute("select name from plants order by id")]
    assert names == ["Ginkgo", "Yew", "Fern", "Moss"]


def insert(server, token, name):
    """Insert a row over the API; return the status."""
    return server.request(
        "/garden/plants/-/insert", token=token, body={"row": {"name": name}}
    ).status
