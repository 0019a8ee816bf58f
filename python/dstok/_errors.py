"""What can go wrong: one class for each kind of error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast


class DstokError(Exception):
    """The root of all errors of this package.

    Attributes:
        code: the code of the error in the answer (int), or None where no answer was involved.
        kind: one word that says what it is (str): `data.kind` of the answer, or a word that is
            fixed for each class.
        param: the name of the parameter that is wrong (str), or None.

    The message is for people, and never holds a secret or a token.
    """

    kind: str = "error"

    def __init__(
        self,
        message: str = "",
        *,
        code: int | None = None,
        kind: str | None = None,
        param: str | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.param = param
        if kind is not None:
            self.kind = kind


class AnsweredError(DstokError):
    """An error that dstok answered; `code` is an int."""


class InvalidParams(AnsweredError, ValueError):
    """A parameter is missing, unknown or of the wrong kind; `param` names it where it is known.

    Raised without asking dstok (`code` is None) for what JSON cannot carry and for wrong options.
    """

    kind = "invalid_params"


class InvalidRequest(AnsweredError):
    """dstok took the line for no request (`invalid_request`), or over a limit (`too_large`)."""

    kind = "invalid_request"


class MethodNotFound(AnsweredError):
    """dstok has no such method."""

    kind = "method_not_found"


class InternalError(AnsweredError):
    """A bug in dstok; it goes on serving."""

    kind = "internal_error"


class NoSecret(AnsweredError):
    """The method needs a secret, and there is none."""

    kind = "no_secret"


class BadSignature(AnsweredError):
    """The signature is not right: itsdangerous' `BadSignature`."""

    kind = "bad_signature"


class BadPayload(AnsweredError):
    """Rightly signed, but what is inside cannot be decoded: itsdangerous' `BadPayload`."""

    kind = "bad_payload"


class TokenInvalid(AnsweredError):
    """Datasette's `TokenInvalid`; the message is Datasette's own."""

    kind = "token_invalid"


class SignedTokensDisabled(AnsweredError):
    """The setting `allow_signed_tokens` is off: Datasette's `ValueError`."""

    kind = "signed_tokens_disabled"


class NotSupported(AnsweredError):
    """The selected release of Datasette has no such thing."""

    kind = "not_supported"


class PolicyError(AnsweredError):
    """Refused by a limit: `require_expiry`, `max_expires_after`, and so on."""

    kind = "policy"


class BinaryNotFound(DstokError):
    """There is no binary `dstok` that could be run; the message lists the places tried."""

    kind = "binary_not_found"


class VersionMismatch(DstokError):
    """The binary is not the one that belongs to this package; the message says which it is."""

    kind = "version_mismatch"


class ProcessDied(DstokError):
    """The process ended, or could not be started, before it answered.

    Attributes:
        returncode: its exit status (int), negative for a signal, None if it never ran.
        stderr: the last lines that it wrote to stderr (str).
    """

    kind = "process_died"

    def __init__(
        self, message: str = "", *, returncode: int | None = None, stderr: str = "", **more: Any
    ) -> None:
        super().__init__(message, **more)
        self.returncode = returncode
        self.stderr = stderr


class ProtocolError(DstokError):
    """The process answered something that is no answer, and was ended."""

    kind = "protocol_error"


class CallTimeout(DstokError, TimeoutError):
    """The answer did not come in time; if it comes later it is dropped.

    If the process seems to hang, the next call starts another.
    """

    kind = "timeout"


class ClientClosed(DstokError):
    """The client was closed."""

    kind = "closed"


_BY_CODE: dict[int, type[AnsweredError]] = {
    -32600: InvalidRequest,
    -32601: MethodNotFound,
    -32602: InvalidParams,
    -32603: InternalError,
    1: NoSecret,
    2: BadSignature,
    3: BadPayload,
    4: TokenInvalid,
    5: SignedTokensDisabled,
    6: NotSupported,
    7: PolicyError,
}


def from_answer(error: Mapping[str, Any]) -> DstokError:
    """Return the exception for the `error` member of an answer."""
    code = error.get("code")
    given = error.get("data")
    data = cast("dict[str, Any]", given) if isinstance(given, dict) else {}
    known = _BY_CODE.get(code, AnsweredError) if isinstance(code, int) else AnsweredError
    return known(
        str(error.get("message")), code=code, kind=data.get("kind"), param=data.get("param")
    )
