"""A pytest plugin: every Datasette that a test makes has an old secret, so that datasette-dstok is at work."""

import functools

from datasette.app import Datasette

make = Datasette.__init__


@functools.wraps(make)
def configured(self, *arguments, **keywords):
    """Make the Datasette, then add to its configuration, which is read at startup."""
    make(self, *arguments, **keywords)
    plugins = {**(self.config or {}).get("plugins", {})}
    plugins["datasette-dstok"] = {"old_secrets": ["an old secret"]}
    self.config = {**(self.config or {}), "plugins": plugins}


Datasette.__init__ = configured
