"""Datasette's API tokens without Python, byte for byte: the client of `dstok serve`.

    with dstok.Client(secret=secret) as client:
        token = client.create_token("root", expires_after=3600)

Client is for threads, AsyncClient for asyncio. Both have the same methods.
"""

from . import _platform as _platform
from . import types
from ._answered import (
    BadPayload,
    BadSignature,
    InternalError,
    InvalidParams,
    InvalidRequest,
    MethodNotFound,
    NoSecret,
    NotSupported,
    PolicyError,
    SignedTokensDisabled,
    TokenInvalid,
)
from ._async_client import AsyncClient
from ._client import Client
from ._errors import (
    AnsweredError,
    BinaryNotFound,
    CallTimeout,
    ClientClosed,
    DstokError,
    InvalidArgument,
    ProcessDied,
    ProtocolError,
    VersionMismatch,
)
from ._find_binary import find_binary
from ._version import __version__

__all__ = [
    "AnsweredError",
    "AsyncClient",
    "BadPayload",
    "BadSignature",
    "BinaryNotFound",
    "CallTimeout",
    "Client",
    "ClientClosed",
    "DstokError",
    "InternalError",
    "InvalidArgument",
    "InvalidParams",
    "InvalidRequest",
    "MethodNotFound",
    "NoSecret",
    "NotSupported",
    "PolicyError",
    "ProcessDied",
    "ProtocolError",
    "SignedTokensDisabled",
    "TokenInvalid",
    "VersionMismatch",
    "__version__",
    "find_binary",
    "types",
]
