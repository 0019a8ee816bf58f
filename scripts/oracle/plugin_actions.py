"""A Datasette with a plugin that registers actions; runs inside an environment's Python.

stdin: requests as the driver takes them, all with the same configuration.
stdout: one JSON object: "actions" is what a user of this release would save for
`--actions` (the body of /-/actions.json, or before 1.0a20 a plain object) and
"answers" are the driver's.
"""

import asyncio
import json
import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))  # isolated mode leaves it out

import driver
from datasette import hookimpl
from datasette.plugins import pm

NAMED = (("sail-boat", "sb"), ("no-short-name", None), ("paint \u00e9toile", "\u00e9\u2028"))


class ActionsPlugin:
    """Registers the actions of NAMED by the hook of 1.0a20 and later."""

    __name__ = "actions_plugin"

    @hookimpl
    def register_actions(self, datasette):
        """Implement Datasette's hook of this name."""
        from datasette.permissions import Action
        from datasette.resources import TableResource

        return [
            Action(name=name, description="", abbr=abbr, resource_class=TableResource)
            for name, abbr in NAMED
        ]


class PermissionsPlugin:
    """Registers them by the hook of 1.0a2 to 1.0a19."""

    __name__ = "permissions_plugin"

    @hookimpl
    def register_permissions(self, datasette):
        """Implement Datasette's hook of this name."""
        from datasette import Permission

        return [Permission(name, abbr, "", True, True, False) for name, abbr in NAMED]


async def actions_file(instance):
    """Return the text for `--actions`."""
    if not hasattr(instance, "actions"):
        return json.dumps({name: item.abbr for name, item in instance.permissions.items()})
    instance.root_enabled = True
    cookie = instance.sign({"a": {"id": "root"}}, "actor")
    response = await instance.client.get("/-/actions.json", cookies={"ds_actor": cookie})
    if response.status_code != 200:
        sys.exit(f"/-/actions.json answers {response.status_code}")
    return response.text


def main():
    reason = driver.why_no_oracle()
    if reason:
        sys.exit(f"plugin_actions: not the reference build: {reason}")
    pm.register(ActionsPlugin() if hasattr(pm.hook, "register_actions") else PermissionsPlugin())
    with tempfile.TemporaryDirectory(prefix="datasette-oracle-") as tempfile.tempdir:
        oracle = driver.Oracle()
        lines = list(sys.stdin.buffer)
        instance = oracle.instance(json.loads(lines[0])["config"])
        text = asyncio.get_event_loop().run_until_complete(actions_file(instance))
        print(json.dumps({"actions": text, "answers": [driver.answer(oracle, line) for line in lines]}))
        sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
