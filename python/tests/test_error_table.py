"""The exceptions of answers, against the errors that dstok itself lists."""

from __future__ import annotations

import copy
import pickle

import pytest

import dstok
from dstok import _errors, _protocol
from dstok._answered import BY_CODE

PARSE_ERROR = -32700
"""The answer to a line that is not JSON. The client writes none, so it takes one for a bug."""


def test_every_code_has_the_exception_of_its_kind(client: dstok.Client) -> None:
    errors = client.discover()["components"]["errors"].values()
    kinds = {error["code"]: error["data"]["properties"]["kind"]["enum"][0] for error in errors}
    del kinds[PARSE_ERROR]
    assert {code: known.kind for code, known in BY_CODE.items()} == kinds
    assert {known().code for known in BY_CODE.values()} == set(kinds)


def test_an_answer_becomes_the_exception_of_its_code(client: dstok.Client) -> None:
    for code, known in BY_CODE.items():
        raised = _protocol.from_answer(
            {"code": code, "message": "why", "data": {"kind": known.kind}}
        )
        assert type(raised) is known
        assert (raised.code, raised.kind, str(raised)) == (code, known.kind, "why")
    assert type(_protocol.from_answer({"code": PARSE_ERROR})) is dstok.AnsweredError
    assert type(_protocol.from_answer({"code": None, "message": "why"})) is dstok.ProtocolError


EXCEPTIONS = [
    one for one in vars(dstok).values() if isinstance(one, type) and issubclass(one, Exception)
]


@pytest.mark.parametrize("kind", EXCEPTIONS)
def test_the_tree(kind: type[dstok.DstokError]) -> None:
    """Whoever answers has a code, and nobody else."""
    error = kind("why")
    assert issubclass(kind, dstok.DstokError)
    assert type(error.code) is (int if issubclass(kind, dstok.AnsweredError) else type(None))
    assert (str(error), error.param) == ("why", None)
    for twin in (copy.copy(error), pickle.loads(pickle.dumps(error))):
        assert (type(twin), str(twin), twin.code, twin.kind) == (kind, "why", error.code, kind.kind)


@pytest.mark.parametrize(
    ("kind", "builtin"),
    [
        (dstok.InvalidArgument, ValueError),
        (dstok.InvalidParams, ValueError),
        (dstok.BinaryNotFound, FileNotFoundError),
        (dstok.CallTimeout, TimeoutError),
    ],
)
def test_those_that_are_of_python_too(kind: type[dstok.DstokError], builtin: type) -> None:
    assert issubclass(kind, builtin)


def test_the_docstring_draws_the_tree() -> None:
    for kind in EXCEPTIONS:
        assert kind.__name__ in (_errors.__doc__ or "")
