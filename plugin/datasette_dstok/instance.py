"""The state of the plugin for each Datasette instance."""

from __future__ import annotations

import logging
import weakref
from typing import TYPE_CHECKING

from . import options as configuration
from .options import Options
from .secrets import Secrets
from .sidecar import Inspection, Minting, Warnings
from .usage import Usage

if TYPE_CHECKING:
    from datasette.app import Datasette

logger = logging.getLogger("datasette_dstok")

_instances: weakref.WeakKeyDictionary[Datasette, Instance] = weakref.WeakKeyDictionary()


class Instance:
    """The options, the secrets and their usage, and the sidecars.

    It does not refer to its Datasette, so that it is no reason to keep that in memory.
    """

    def __init__(self, options: Options, secrets: Secrets) -> None:
        self.options = options
        self.secrets = secrets
        self.usage = Usage(secrets, options.safe_after_days)
        warnings = Warnings()
        self.sidecar = Minting(options, secrets, warnings)
        self.inspection = Inspection(options, secrets, warnings)

    @property
    def is_watching(self) -> bool:
        """Whether the plugin needs to know which secrets signed a request's credentials."""
        secrets = self.secrets
        return bool(secrets.old or secrets.revoked or self.options.replace_signed)


def instance_of(datasette: Datasette) -> Instance:
    """Return the Instance that belongs to a Datasette.

    Raises StartupError for a mistake in the configuration.
    """
    try:
        return _instances[datasette]
    except KeyError:
        pass
    # Datasette has no public way to its secret.
    options, secrets, warnings = configuration.read(datasette, datasette._secret)
    for warning in warnings:
        logger.warning("datasette-dstok: %s", warning)
    instance = _instances[datasette] = Instance(options, secrets)
    return instance
