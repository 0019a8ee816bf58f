"""The exceptions: one class for each thing that can go wrong.

DstokError
    AnsweredError           dstok answered with an error; `code` is an int
        InvalidParams       also a ValueError
        InvalidRequest, MethodNotFound, InternalError, NoSecret, BadSignature, BadPayload,
        TokenInvalid, SignedTokensDisabled, NotSupported, PolicyError
    InvalidArgument         the client did not send it; also a ValueError
    BinaryNotFound          also a FileNotFoundError
    VersionMismatch, ProcessDied, ProtocolError, ClientClosed
    CallTimeout             also a TimeoutError
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast


class DstokError(Exception):
    """The root of all errors of this package.

    Attributes:
        code: the code of the error that dstok answered (int). None: it did not answer.
        kind: one word that says what went wrong (str): `data.kind` of the answer, or a word that
            is fixed for each class.
        param: the name of the wrong parameter (str), or None.

    The message is for people, and never holds a secret or a token.
    """

    code: int | None = None
    kind: str = "error"

    def __init__(self, message: str = "", *, param: str | None = None) -> None:
        super().__init__(message)
        self.param = param


class AnsweredError(DstokError):
    """An error that dstok answered; `code` is an int."""

    code: int = 0  # pyright: ignore[reportIncompatibleVariableOverride]


class InvalidRequest(AnsweredError):
    """dstok took the line for no request (`invalid_request`), or over a limit (`too_large`)."""

    kind, code = "invalid_request", -32600


class MethodNotFound(AnsweredError):
    """dstok has no such method."""

    kind, code = "method_not_found", -32601


class InvalidParams(AnsweredError, ValueError):
    """A parameter is missing, unknown or of the wrong kind; `param` names it where it is known."""

    kind, code = "invalid_params", -32602


class InternalError(AnsweredError):
    """A bug in dstok; it goes on serving."""

    kind, code = "internal_error", -32603


class NoSecret(AnsweredError):
    """The method needs a secret, and there is none."""

    kind, code = "no_secret", 1


class BadSignature(AnsweredError):
    """The signature is wrong: itsdangerous' `BadSignature`."""

    kind, code = "bad_signature", 2


class BadPayload(AnsweredError):
    """The signature is right, but the payload cannot be decoded: itsdangerous' `BadPayload`."""

    kind, code = "bad_payload", 3


class TokenInvalid(AnsweredError):
    """Datasette's `TokenInvalid`; the message is Datasette's own."""

    kind, code = "token_invalid", 4


class SignedTokensDisabled(AnsweredError):
    """The setting `allow_signed_tokens` is off: Datasette's `ValueError`."""

    kind, code = "signed_tokens_disabled", 5


class NotSupported(AnsweredError):
    """The selected release of Datasette has no such feature."""

    kind, code = "not_supported", 6


class PolicyError(AnsweredError):
    """Refused by a limit: `require_expiry`, `max_expires_after`, and so on."""

    kind, code = "policy", 7


class InvalidArgument(DstokError, ValueError):
    """An argument that the client cannot send, such as a set, or a wrong option.

    `param` names it where it is known.
    """

    kind = "invalid_argument"


class BinaryNotFound(DstokError, FileNotFoundError):
    """No binary `dstok` can be run; the message lists the places tried."""

    kind = "binary_not_found"


class VersionMismatch(DstokError):
    """The binary does not belong to this package; the message says which version it is."""

    kind = "version_mismatch"


class ProcessDied(DstokError):
    """The process ended, or could not be started, before it answered.

    Attributes:
        returncode: its exit status (int), negative for a signal, None if it never ran.
        stderr: the last lines that it wrote to stderr (str).
    """

    kind = "process_died"

    def __init__(
        self, message: str = "", *, returncode: int | None = None, stderr: str = ""
    ) -> None:
        super().__init__(message)
        self.returncode = returncode
        self.stderr = stderr


class ProtocolError(DstokError):
    """The client cannot read what the process wrote."""

    kind = "protocol_error"


class CallTimeout(DstokError, TimeoutError):
    """The answer did not come in time. If it comes later it is dropped.

    If the process seems to hang, the next call starts another.
    """

    kind = "timeout"


class ClientClosed(DstokError):
    """The client was closed."""

    kind = "closed"


_BY_CODE = {kind.code: kind for kind in AnsweredError.__subclasses__()}


def from_answer(error: Mapping[str, Any]) -> DstokError:
    """Return the exception for the `error` member of an answer."""
    code, given = error.get("code"), error.get("data")
    if type(code) is not int:
        return ProtocolError("dstok answered with an error that has no code")
    data = cast("dict[str, Any]", given) if isinstance(given, dict) else {}
    known = _BY_CODE.get(code, AnsweredError)
    exception = known(str(error.get("message")), param=data.get("param"))
    exception.code, exception.kind = code, data.get("kind") or known.kind
    return exception
