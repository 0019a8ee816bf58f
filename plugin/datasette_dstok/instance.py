"""What the plugin keeps for each Datasette instance."""

import logging
import time
import weakref

from . import options as configuration
from .old_secrets import OldSecrets
from .sidecar import Inspection, Minting, Warnings
from .usage import Usage

logger = logging.getLogger("datasette_dstok")

_instances = weakref.WeakKeyDictionary()


class Instance:
    """The options, the old secrets, what was seen of them, and the sidecars.

    It does not refer to its Datasette, so that it is no reason to keep that in memory.
    """

    def __init__(self, options, current_secret):
        self.options = options
        self.old_secrets = OldSecrets(s for s in options.old_secrets if s != current_secret)
        self.usage = Usage(len(self.old_secrets) + 1)
        warnings = Warnings()
        self.sidecar = Minting(options, self.old_secrets.secrets, warnings)
        self.inspection = Inspection(options, self.old_secrets.secrets, warnings)
        self.since = time.time()


def instance_of(datasette):
    """Return the Instance that belongs to a Datasette.

    Raises StartupError for a mistake in the configuration.
    """
    try:
        return _instances[datasette]
    except KeyError:
        pass
    options = configuration.read(datasette)
    if options.missing_secrets:
        logger.warning(
            "datasette-dstok: %d of old_secrets ignored: "
            "empty, or its environment variable is not set",
            options.missing_secrets,
        )
    # The current secret may be listed as well, as one that is accepted; it is not old then.
    # Datasette has no public way to it.
    current = getattr(datasette, "_secret", None)
    instance = _instances[datasette] = Instance(options, current)
    return instance
