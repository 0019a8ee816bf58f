"""What real Datasette answered: `compat-fixtures/`, through the methods of the client."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import dstok
from support import untyped

FIXTURES = Path(__file__).resolve().parents[2] / "compat-fixtures"
RELEASES = ("0.61.1", "0.65.5", "1.0a1", "1.0a2", "1.0a20", "1.0a36", "1.0a41")
PARAMETERS = {
    "create_token": (
        "actor_id",
        "expires_after",
        "restrict_all",
        "restrict_database",
        "restrict_resource",
        "restrictions",
        "now",
    ),
    "sign": ("value", "namespace"),
    "create_actor_cookie": ("actor", "expire_after", "now"),
    "unsign": ("signed", "namespace"),
    "verify_token": ("token", "now"),
    "verify_actor_cookie": ("cookie", "now"),
    "restrictions_allow_action": ("restrictions", "action", "resource"),
    "token_allows_action": ("token", "action", "resource", "now"),
    "inspect_token": ("token", "now"),
}
FILES = sorted(FIXTURES.glob("*.jsonl"))


class NoPython(Exception):
    """The text of the params is one that Python values do not give."""


def test_all_groups_are_there() -> None:
    assert len(FILES) >= 33


def scenarios(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the scenarios of a file. Some strings hold other line ends, which are none here."""
    lines = path.read_text(encoding="utf-8").split("\n")
    header, *rest = [json.loads(line) for line in lines if line]
    assert header["count"] == len(rest)
    yield from rest


def no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) < len(pairs):
        raise NoPython
    return dict(pairs)


def named_params(scenario: dict[str, Any]) -> dict[str, Any]:
    """Return the params by name, with the frozen clock among them. Raises NoPython."""
    try:
        params = json.loads(scenario["params"], object_pairs_hook=no_duplicates)
    except ValueError:  # an integer of more digits than Python reads
        raise NoPython from None
    names = PARAMETERS[scenario["method"]]
    if isinstance(params, list):
        if len(params) > len(names):
            raise NoPython
        params = dict(zip(names, params, strict=False))
    if "now" in names and params.get("now") is None and "now" in scenario["config"]:
        params["now"] = scenario["config"]["now"]
    return dict(params)


class Clients:
    """Clients by what cannot be taken back once it is configured."""

    def __init__(self) -> None:
        self._clients: dict[str, dstok.Client] = {}

    def configured(self, config: dict[str, Any], release: str) -> dstok.Client:
        """Return a client with a scenario's configuration."""
        key = json.dumps([config.get("actions"), config.get("secret") is None])
        if key not in self._clients:
            self._clients[key] = dstok.Client(
                actions=config.get("actions"), secret=config.get("secret")
            )
        client = self._clients[key]
        client.configure(
            secret=config.get("secret"),
            old_secrets=config.get("old_secrets"),
            datasette_version=release,
            settings={
                "allow_signed_tokens": True,
                "max_signed_tokens_ttl": 0,
                **config.get("settings", {}),
            },
            zlib=config.get("zlib", "zlib"),
            itsdangerous=config.get("itsdangerous", "2.2"),
        )
        return client

    def close(self) -> None:
        for client in self._clients.values():
            client.close()


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clients]:
    monkeypatch.delenv("DATASETTE_SECRET", raising=False)
    monkeypatch.delenv("DSTOK_OLD_SECRETS", raising=False)
    clients = Clients()
    yield clients
    clients.close()


def called(client: dstok.Client, method: str, params: dict[str, Any]) -> Any:
    """Call a method by its Python signature, or as it is if the params are wrong for that."""
    function = getattr(client, method)
    try:
        inspect.signature(function).bind(**params)
    except TypeError:
        return untyped(client).call(method, params)
    return function(**params)


def outcome(client: dstok.Client, method: str, params: dict[str, Any]) -> Any:
    """Return what the fixtures have: a result, or an error's kind and its message."""
    try:
        result = called(client, method, params)
    except dstok.TokenInvalid as error:
        return (error.kind, str(error))
    except dstok.DstokError as error:
        return (error.kind, None)
    if method == "inspect_token" and result["reason"]:
        result["reason"] = ""
    return result


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_group(path: Path, clients: Clients) -> None:
    compared = 0
    for scenario in scenarios(path):
        try:
            params = named_params(scenario)
        except NoPython:
            continue
        for answer in scenario["answers"]:
            for release in set(RELEASES) & set(answer["releases"]):
                client = clients.configured(scenario["config"], release)
                found = outcome(client, scenario["method"], params)
                if "error" in answer:
                    expected: Any = (answer["error"], answer.get("message"))
                elif "result" in answer:
                    expected = answer["result"]
                else:
                    expected = json.loads(answer["result_json"])
                # By their repr, for 1 and 1.0 and True are not the same here.
                assert repr(found) == repr(expected), (scenario["name"], release)
                compared += 1
    assert compared >= len(RELEASES)
