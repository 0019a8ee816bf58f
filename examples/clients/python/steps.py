"""Runs the steps that scripts/test_clients gives it. Usage: python steps.py STEPS SECRET-FILE"""

import hashlib
import json
import os
import sys
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from dstok_client import Dstok, DstokEnded, DstokError

Step = dict[str, Any]

STEPS, SECRET_FILE = map(Path, sys.argv[1:])


def start() -> Dstok:
    dstok = Dstok(os.environ["DSTOK"])
    secret = SECRET_FILE.read_bytes().decode().removesuffix("\n")
    dstok.call("configure", secret=secret)
    return dstok


def send_all(dstok: Dstok, step: Step) -> "list[Future[Any]]":
    """Send many calls at once, each with an actor of its own."""
    calls = []
    for number in range(step["count"]):
        actor = {"actor_id": f"user-{number}"} if step["method"] == "create_token" else {}
        try:
            calls.append(dstok.submit(step["method"], **step["params"], **actor))
        except DstokEnded as ended:
            calls.append(Future())
            calls[-1].set_exception(ended)
    return calls


def call(dstok: Dstok, step: Step) -> Any:
    return dstok.call(step["method"], **step["params"])


def ordered(dstok: Dstok, step: Step) -> Any:
    return dstok.call(step["method"], **step["params"], **{step["member"]: dict(step["pairs"])})


def notify(dstok: Dstok, step: Step) -> Any:
    dstok.notify(step["method"], **step["params"])
    return call(dstok, step["then"])


def pipeline(dstok: Dstok, step: Step) -> Any:
    tokens = [each.result() for each in send_all(dstok, step)]
    return hashlib.sha256("".join(f"{token}\n" for token in tokens).encode()).hexdigest()


def death(_: Dstok, step: Step) -> Any:
    dstok = Dstok(os.environ["DSTOK_MORTAL"])
    failures = [each.exception() for each in send_all(dstok, step)]
    ended = [str(failure) for failure in failures if isinstance(failure, DstokEnded)]
    try:
        later = dstok.call("ping")
    except DstokEnded as failure:
        later = str(failure)
    dstok.close()
    answered = failures.count(None)
    return {"answered": answered, "failed": len(ended), "message": ended[0], "later": later}


def restart(_: Dstok, step: Step) -> Any:
    dstok = start()
    calls = send_all(dstok, step)
    code = dstok.close()
    return {"answered": len([each.result() for each in calls]), "exit": code}


ACTIONS: dict[str, Callable[[Dstok, Step], Any]] = {
    action.__name__: action for action in (call, ordered, notify, pipeline, death, restart)
}

with start() as dstok:
    for step in json.loads(STEPS.read_text(encoding="utf-8")):
        outcome: dict[str, Any] = {"name": step["name"]}
        try:
            outcome["result"] = ACTIONS[step["do"]](dstok, step)
        except DstokError as error:
            members = {name: getattr(error, name) for name in ("code", "kind", "param")}
            outcome["error"] = {"message": str(error), **members}
        print(json.dumps(outcome), flush=True)
