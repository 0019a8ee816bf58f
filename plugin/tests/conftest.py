"""Fixtures: Datasette instances, with and without a program dstok that works."""

import pytest
import pytest_asyncio
from datasette.app import Datasette
from helpers import CURRENT


@pytest_asyncio.fixture
async def make_datasette():
    """Make started instances with options of the plugin; their sidecars end with the test."""
    made = []

    async def make(options=None, secret=CURRENT, settings=None, config=None, **more):
        config = {**(config or {})}
        if options is not None:
            config["plugins"] = {"datasette-dstok": options}
        datasette = Datasette(
            memory=True, secret=secret, settings=settings or {}, config=config, **more
        )
        datasette.root_enabled = True
        made.append(datasette)
        await datasette.invoke_startup()
        return datasette

    yield make
    for datasette in made:
        await datasette.invoke_shutdown()


@pytest.fixture
def broken_binary(tmp_path):
    """Make a program that stands in for dstok and runs a shell script instead."""

    def make(script):
        path = tmp_path / "dstok"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return str(path)

    return make
