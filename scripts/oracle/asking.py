"""Asks `dstok serve` for the answers to request lines."""

import json
import os
import subprocess
import tempfile
from pathlib import Path


def configure_line(config):
    """Return the request that gives a fresh server this configuration."""
    names = ("secret", "old_secrets", "actions", "settings", "zlib", "itsdangerous")
    params = {name: config[name] for name in names if config.get(name) is not None}
    request = {"jsonrpc": "2.0", "id": 0, "method": "configure", "params": params}
    return json.dumps(request).encode() + b"\n"


def ask_dstok(dstok, release, config, now, lines):
    """Return the lines that `dstok serve` answers with, started with options for `config`."""
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:

        def written(name, text):
            path = Path(folder) / name
            path.write_bytes(text.encode())
            return str(path)

        options = ["--datasette-version", release, f"--now={now!r}"]
        if config.get("secret"):
            # dstok strips no more than this, should the secret end so too.
            options += ["--secret-file", written("secret", config["secret"] + "\r\n")]
        for n, secret in enumerate(config.get("old_secrets", [])):
            options += ["--old-secret-file", written(f"old{n}", secret + "\r\n")]
        for name, value in config.get("settings", {}).items():
            options += ["--setting", name, str(int(value))]
        if config.get("actions") == "none":
            options += ["--actions", "none"]
        elif "actions" in config:
            options += ["--actions", written("actions.json", json.dumps(config["actions"]))]
        for name in ("zlib", "itsdangerous"):
            options += [f"--{name}", config[name]] if name in config else []
        done = subprocess.run(
            [dstok, "serve", *options],
            input=b"".join(lines),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={name: value for name, value in os.environ.items() if not name.startswith(("DSTOK_", "DATASETTE_"))},
            check=False,
        )
    if done.returncode:
        raise RuntimeError(f"dstok: exit code {done.returncode}: {done.stderr.decode(errors='replace')}")
    return [line + b"\n" for line in done.stdout.split(b"\n")[:-1]]
