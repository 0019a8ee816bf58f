"""The exceptions: one class for each kind of failure.

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


class DstokError(Exception):
    """The base class of all exceptions of this package.

    Attributes:
        code: the JSON-RPC code of the error (int), or None if dstok did not answer.
        kind: what went wrong, as one word (str): `data.kind` of the response, or a fixed word for
            each class.
        param: the name of the wrong parameter (str), or None.

    The message is for people. It never contains a secret or a token.
    """

    code: int | None = None
    kind: str = "error"

    def __init__(self, message: str = "", *, param: str | None = None) -> None:
        super().__init__(message)
        self.param = param


class AnsweredError(DstokError):
    """dstok answered with an error. `code` is its JSON-RPC code (int)."""

    code: int = 0  # pyright: ignore[reportIncompatibleVariableOverride]


class InvalidArgument(DstokError, ValueError):
    """The client cannot send an argument, such as a set, or an option is wrong.

    `param` is its name, if it is known.
    """

    kind = "invalid_argument"

    @classmethod
    def unless(cls, holds: bool, param: str, must: str) -> None:
        """Raise this unless a condition holds. `must` says what the argument `param` must be."""
        if not holds:
            raise cls(f"{param} {must}", param=param)


class BinaryNotFound(DstokError, FileNotFoundError):
    """No `dstok` binary can be run. The message lists the places that were searched."""

    kind = "binary_not_found"


class VersionMismatch(DstokError):
    """The binary does not belong to this package. The message names both versions."""

    kind = "version_mismatch"


class ProcessDied(DstokError):
    """The process ended, or could not be started, before it answered.

    Attributes:
        returncode: its exit status (int), negative for a signal. None if it never ran.
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
    """The response did not come in time. If it comes later, it is dropped.

    If the process seems to hang, the next call starts another.
    """

    kind = "timeout"


class ClientClosed(DstokError):
    """The client was closed."""

    kind = "closed"
