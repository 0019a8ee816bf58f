"""The same bytes as real Datasette, and as this very Python would make them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import importlib
import json
import random
import sys
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

import dstok
from dstok import _configuration
from support import NOW, SECRET

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
ACTIONS = ("view-instance", "view-table", "insert-row", "no-such-action")


@pytest.fixture
def oracle(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The module that asks real Datasette, of the newest release, and that release."""
    if not SCRIPTS.is_dir():
        pytest.skip("scripts/ is not here, and with it what makes Datasette's environment")
    monkeypatch.setattr(sys, "path", [*sys.path, str(SCRIPTS)])
    environments: Any = importlib.import_module("oracle.environments")
    processes: Any = importlib.import_module("oracle.processes")
    environments.ensure([environments.NEWEST])
    return lambda requests: processes.ask_datasette(environments.NEWEST, requests)


def random_params(random: random.Random) -> dict[str, Any]:
    """Return params of `create_token`."""

    def actions() -> list[str]:
        return random.choices(ACTIONS, k=random.randrange(3))

    def name() -> str:
        return "".join(random.choices("ab \u00fc\u2028\U0001f511.", k=random.randrange(1, 12)))

    params: dict[str, Any] = {"actor_id": random.choice([name(), random.random(), 10**30, None])}
    if random.random() < 0.5:
        params["expires_after"] = random.randrange(-5, 5000)
    if random.random() < 0.3:
        params["restrict_all"] = actions()
    if random.random() < 0.3:
        params["restrict_database"] = {name(): actions() for _ in range(2)}
    if random.random() < 0.5:
        params["restrict_resource"] = {name(): {name(): actions()} for _ in range(3)}
    return params


@pytest.mark.skipif(sys.version_info >= (3, 15), reason="it decodes base64 more strictly")
def test_tokens_are_those_of_real_datasette(oracle: Any) -> None:
    chosen = random.Random(20261124)
    calls = [random_params(chosen) for _ in range(1000)]
    config = {"secret": SECRET, "now": NOW}
    answers = oracle(
        [
            {"method": "create_token", "params": json.dumps(params), "config": config}
            for params in calls
        ]
    )
    theirs = [answer.get("result") for answer in answers]
    assert sum(isinstance(token, str) for token in theirs) == 1000
    options: dict[str, Any] = {"secret": SECRET, "zlib": "zlib"}
    with dstok.Client(**options) as client:
        params: Iterable[Any] = ({**one, "now": NOW} for one in calls)
        ours = list(client.map("create_token", params))
        assert ours == theirs
        assert [client.create_token(**one, now=NOW) for one in calls[:100]] == ours[:100]


def test_the_bytes_are_those_of_this_python() -> None:
    with dstok.Client(secret=SECRET) as client:
        for count in (1, 5, 50, 400):
            tables = {f"table_{n}": ["view-table"] for n in range(count)}
            token = client.create_token("root", restrict_resource={"docs": tables}, now=NOW)
            resources = {"docs": {name: ["vt"] for name in tables}}
            payload = {"a": "root", "t": NOW, "_r": {"r": resources}}
            assert token == signed_by_this_python(payload)


def signed_by_this_python(payload: object) -> str:
    """Return a token as itsdangerous would make it here."""
    text = json.dumps(payload, separators=(",", ":")).encode()
    compressed = zlib.compress(text)
    body = base64.urlsafe_b64encode(compressed).rstrip(b"=")
    assert len(compressed) < len(text) - 1
    key = hashlib.sha1(b"token" + b"signer" + SECRET.encode()).digest()
    signature = base64.urlsafe_b64encode(hmac.digest(key, b"." + body, "sha1")).rstrip(b"=")
    return f"dstok_.{body.decode()}.{signature.decode()}"


@pytest.mark.parametrize(
    ("runtime", "ng_version", "flavour"),
    [
        ("1.3.1", None, "zlib"),
        ("1.2.13", None, "zlib"),
        ("1.3.1.zlib-ng", None, "zlib-ng"),
        ("1.3.1", "2.2.4", "zlib-ng"),
    ],
)
def test_the_flavour_of_zlib_is_detected_and_passed_on(
    monkeypatch: pytest.MonkeyPatch, runtime: str, ng_version: str | None, flavour: str
) -> None:
    monkeypatch.setattr(zlib, "ZLIB_RUNTIME_VERSION", runtime)
    monkeypatch.delattr(zlib, "ZLIBNG_VERSION", raising=False)
    if ng_version is not None:
        monkeypatch.setattr(zlib, "ZLIBNG_VERSION", ng_version, raising=False)
    assert _configuration.zlib_flavour() == flavour
    with dstok.Client(secret=SECRET) as client:
        assert client.info()["zlib"] == flavour
    with dstok.Client(secret=SECRET, zlib="zlib") as client:
        assert client.info()["zlib"] == "zlib"
