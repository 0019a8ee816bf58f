"""A client of `dstok serve` in one file, without the package dstok. For Python 3.10 and newer."""

import json
import os
import subprocess
import threading
from collections import deque
from concurrent.futures import Future
from typing import Any


class DstokError(Exception):
    """An error that dstok answers. `kind` is stable; the message is for people."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(error["message"])
        self.code: int = error["code"]
        data = error.get("data") or {}
        self.kind: str | None = data.get("kind")
        self.param: str | None = data.get("param")


class DstokEnded(Exception):
    """The process has ended before it answered."""


class Dstok:
    """One process. Any number of threads can call it at once.

    `options` are those of `serve`, without secrets: other users can read them.
    Raises OSError if the process can't start.
    """

    def __init__(self, command: str = "dstok", *options: str) -> None:
        # dstok would sign with a secret that it inherits, until `configure` brings another one.
        secrets = ("DATASETTE_SECRET", "DSTOK_OLD_SECRETS")
        environ = {name: value for name, value in os.environ.items() if name not in secrets}
        self._process = subprocess.Popen(
            [command, "serve", *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environ,
        )
        assert self._process.stdin is not None
        self._stdin = self._process.stdin
        # The reader never takes the first lock: it must go on while a write waits.
        self._writing, self._state = threading.Lock(), threading.Lock()
        self._last_id = 0
        # Answers come in the order of the calls.
        self._calls: deque[tuple[int, Future[Any]]] = deque()
        self._ended: str | None = None
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> "Dstok":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def call(self, method: str, /, **params: Any) -> Any:
        """Call a method and return its result. Raises DstokError or DstokEnded."""
        return self.submit(method, **params).result()

    def submit(self, method: str, /, **params: Any) -> "Future[Any]":
        """Send a call and return its future, so that many can be in flight."""
        future: Future[Any] = Future()
        future.set_running_or_notify_cancel()  # from now on, it can't be cancelled
        with self._writing:
            number = self._last_id = self._last_id + 1
            line = to_line(id=number, method=method, params=params)
            with self._state:
                if self._ended:
                    raise DstokEnded(self._ended)
                self._calls.append((number, future))
            self._write(line)
        return future

    def notify(self, method: str, /, **params: Any) -> None:
        """Send a request that gets no answer. You don't learn whether it failed."""
        with self._writing:
            self._write(to_line(method=method, params=params))

    def close(self) -> int:
        """Close stdin and wait. Calls in flight are answered. Returns the exit code."""
        try:
            with self._writing:
                self._stdin.close()
        except BrokenPipeError:
            pass
        self._reader.join()
        return self._process.wait()

    def _write(self, line: bytes) -> None:
        try:
            self._stdin.write(line)
            self._stdin.flush()
        except (BrokenPipeError, ValueError):
            pass  # The pipe is broken or closed. The reader tells the calls how the process ended.

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as stdout:
            # Lines of bytes end at \n only. str.splitlines() also ends them at U+2028.
            for line in stdout:
                try:
                    self._answer(json.loads(line))
                except (ValueError, LookupError, TypeError):  # not from dstok
                    self._process.kill()
                    break
        code = self._process.wait()
        how = f"killed by signal {-code}" if code < 0 else f"exit code {code}"
        with self._state:
            self._ended = f"dstok ended: {how}"
        for _, future in self._calls:
            future.set_exception(DstokEnded(self._ended))

    def _answer(self, answer: dict[str, Any]) -> None:
        with self._state:
            number, future = self._calls[0]
            if answer["id"] not in (number, None):  # None: the line was too long to be read
                raise ValueError(answer["id"])
            self._calls.popleft()
        if "error" in answer:
            future.set_exception(DstokError(answer["error"]))
        else:
            future.set_result(answer["result"])


def to_line(**request: Any) -> bytes:
    """Return a request as a line. Raises ValueError for NaN, which JSON can't carry."""
    return json.dumps({"jsonrpc": "2.0", **request}, allow_nan=False).encode() + b"\n"
