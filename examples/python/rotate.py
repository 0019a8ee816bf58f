"""Change the secret of running workers, in three steps that never refuse a valid token.

Usage: python rotate.py prepare|activate|retire SECRETS_FILE

    prepare     add a new secret. Every worker verifies with it, none signs with it yet
    activate    sign with the new secret, and still verify with the old one
    retire      drop the old secrets: their tokens are refused from now on

Before the next step, wait until every worker has logged the step before.
"""

import json
import os
import secrets
import sys
from pathlib import Path
from typing import Any

Content = dict[str, Any]


def prepare(now: Content) -> Content:
    if now["next_secret"]:
        sys.exit("a new secret is prepared already: run rotate.py activate")
    return {**now, "next_secret": secrets.token_hex(32)}


def activate(now: Content) -> Content:
    if not now["next_secret"]:
        sys.exit("no new secret is prepared: run rotate.py prepare")
    old_secrets = [now["secret"]] + now["old_secrets"]  # raises TypeError for a string
    return {"secret": now["next_secret"], "next_secret": None, "old_secrets": old_secrets}


def retire(now: Content) -> Content:
    return {**now, "old_secrets": []}


def replace(path: Path, content: Content) -> None:
    """Replace the file at once, so that no worker reads half of it. Only its owner may read it."""
    owner, new = path.stat(), path.with_suffix(".new")
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        os.fchown(file.fileno(), owner.st_uid, owner.st_gid)  # root may rotate for the workers
        json.dump(content, file)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


STEPS = {"prepare": prepare, "activate": activate, "retire": retire}

if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in STEPS:
        sys.exit(__doc__)
    path = Path(sys.argv[2])
    replace(path, STEPS[sys.argv[1]](json.loads(path.read_bytes())))
