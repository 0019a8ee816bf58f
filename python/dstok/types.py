"""The types of parameters and results, for annotations such as `dstok.types.Inspection`.

They are generated from the protocol, so they agree with `dstok serve`.
"""

from ._types import *  # noqa: F403
from ._types import __all__ as __all__
