"""A WSGI application that uses its client before the server forks."""

import json
import os
import time
from collections.abc import Callable, Iterable

from exercise import new_client, use

client = new_client()
loaded_in, its_sidecar = os.getpid(), use(client)


StartResponse = Callable[[str, list[tuple[str, str]]], object]


def app(environ: object, start_response: StartResponse) -> Iterable[bytes]:
    sidecar = use(client)
    assert os.getpid() != loaded_in, "the server must load it before it forks"
    assert sidecar != its_sidecar
    time.sleep(0.02)  # so that the other worker gets some
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps({"worker": os.getpid(), "sidecar": sidecar}).encode()]
