"""Compares what two servers of the protocol answer."""

import json
import re

from strict_json import Scanner

# The words of a reason are each server's own; that there is one is compared.
REASON = re.compile(r'("status":"(?:invalid|expired)","reason":)"(?:[^"\\]|\\.)*"')
STATUS = re.compile(r'"status":"(\w+)","reason":')
# Results that name the server.
OWN = ('{"name":"dstok', '{"openrpc"')


def difference(reference, dstok):
    """Return what differs between two lines of answers (bytes or None), or None.

    Results are compared byte for byte, errors by code, kind, param and line, and
    by message where it is Datasette's.
    """
    if reference == dstok:
        return None
    if reference is None or dstok is None:
        return "only one of them answers"
    try:
        theirs, ours = split(reference.decode()), split(dstok.decode())
    except ValueError as error:
        return f"an answer cannot be read: {error}"
    if len(theirs) != len(ours):
        return f"{len(theirs)} and {len(ours)} answers in a batch"
    found = (_difference(*pair) for pair in zip(theirs, ours))
    return next((text for text in found if text), None)


def split(line):
    """Return the answers in a line, texts: several in a batch."""
    text = line.removesuffix("\n")
    return [value.text for value in Scanner().elements(text)[0]] if text.startswith("[") else [text]


def _difference(theirs, ours):
    their_id, their_kind, their_body = parts(theirs)
    our_id, our_kind, our_body = parts(ours)
    if their_id != our_id:
        return "ids"
    if our_body.startswith(OWN) and our_kind == "result":
        return None
    if their_kind != our_kind:
        return f"{their_kind} and {our_kind}"
    if our_kind == "error":
        return None if comparable(their_body) == comparable(our_body) else "errors"
    if REASON.sub(r"\1", their_body) == REASON.sub(r"\1", our_body):
        return None
    return "results"


def parts(answer):
    """Return (id, "result" or "error", its body) of an answer, as texts. Raises ValueError."""
    members = Scanner().members(answer)[0]
    names = [name for name, _ in members]
    if names not in (["jsonrpc", "id", "result"], ["jsonrpc", "id", "error"]):
        raise ValueError(f"the members are {names}")
    return members[1][1].text, names[2], members[2][1].text


def comparable(error):
    """Return what two errors, JSON texts, have to have in common."""
    error = json.loads(error)
    data = error["data"]
    message = error["message"] if data["kind"] == "token_invalid" else None
    return error["code"], data["kind"], data.get("param"), data.get("line"), message


def outcome(answer):
    """Return a word for an answer line (bytes or None), for counting."""
    if answer is None:
        return "no answer"
    if answer.startswith(b"["):
        return "batch"
    _, kind, body = parts(answer.decode())
    if kind == "error":
        error = json.loads(body)
        kind = error["data"]["kind"]
        return f"{kind}: {error['message']}" if kind == "token_invalid" else kind
    status = STATUS.search(body)
    return f"status {status[1]}" if status else body if body in ("null", "true", "false") else "result"
