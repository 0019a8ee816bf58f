"""The exceptions of answers, against the errors that dstok itself lists."""

from __future__ import annotations

import dstok
from dstok import _errors

PARSE_ERROR = -32700
"""The answer to a line that is not JSON. The client writes none, so it takes one for a bug."""


def test_every_code_has_the_exception_of_its_kind(client: dstok.Client) -> None:
    errors = client.discover()["components"]["errors"].values()
    kinds = {error["code"]: error["data"]["properties"]["kind"]["enum"][0] for error in errors}
    del kinds[PARSE_ERROR]
    assert {code: known.kind for code, known in _errors._BY_CODE.items()} == kinds


def test_an_answer_becomes_the_exception_of_its_code(client: dstok.Client) -> None:
    for code, known in _errors._BY_CODE.items():
        raised = _errors.from_answer({"code": code, "message": "why", "data": {"kind": known.kind}})
        assert type(raised) is known
        assert (raised.code, raised.kind, str(raised)) == (code, known.kind, "why")
    assert type(_errors.from_answer({"code": PARSE_ERROR})) is dstok.AnsweredError
