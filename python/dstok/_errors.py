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


class InvalidArgument(DstokError, ValueError):
    """An argument that the client cannot send, such as a set, or a wrong option.

    `param` names it where it is known.
    """

    kind = "invalid_argument"

    @classmethod
    def unless(cls, holds: bool, param: str, must: str) -> None:
        """Raise it unless a condition holds, saying what the argument `param` must do or be."""
        if not holds:
            raise cls(f"{param} {must}", param=param)


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
