"""The types of what methods take and return, to annotate with: `dstok.types.Inspection`.

They are written from the protocol, so they say what `dstok serve` says.
"""

from ._types import *  # noqa: F403
from ._types import __all__ as __all__
