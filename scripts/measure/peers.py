"""Other implementations of itsdangerous, for Python, Rust and Node, each in a process of its own."""

import base64
import ctypes
import json
import shutil
import statistics
import subprocess
import time
import zlib
from dataclasses import dataclass
from pathlib import Path

from measure.children import JsonChild, piped_seconds
from measure.payloads import write_requests
from measure.throughput import Spread
from oracle import environments, processes

HERE = Path(__file__).resolve().parent
ROOT = environments.ROOT / "peers"
RUST, NODE = "0.4.1", "1.1.5"
# preserve_order keeps the members of a payload in place.
MANIFEST = f"""\
[package]
name = "peer"
edition = "2024"

[[bin]]
name = "peer"
path = "peer.rs"

[dependencies]
itsdangerous = {{ version = "={RUST}", features = ["serializer"] }}
serde_json = {{ version = "=1.0.154", features = ["preserve_order"] }}

[profile.release]
lto = "fat"
codegen-units = 1

[workspace]
"""
PACKAGE = json.dumps({"private": True, "dependencies": {"itsdangerous.js": NODE}})
SECONDS = 0.2
"""CPU seconds of one run."""


class PeerMissing(Exception):
    """A peer that could not be installed. The message is one line."""


@dataclass(frozen=True)
class Row:
    """One row of the table: calls per CPU second, and dstok's rate over the peer's."""

    payload: str
    peer: str
    signs: float
    sign_ratio: Spread
    reads: float
    read_ratio: Spread
    same_bytes: bool
    reads_ours: bool


class Peer(JsonChild):
    """A library in its own process, pinned to one core."""

    def __init__(self, name, command, core):
        super().__init__(command, core)
        self.name = name
        clock = ctypes.c_int()
        if ctypes.CDLL(None).clock_getcpuclockid(self.process.pid, ctypes.byref(clock)):
            raise processes.ProcessFailure("this system has no CPU clock for a process")
        self._clock = clock.value

    def rate(self, value, signed):
        """Return calls per CPU second, over all threads: of signing, or with `signed` of reading it."""
        count = 1000
        for _ in range(2):
            # The first run warms up, and sets the count for the second.
            begin = time.clock_gettime(self._clock)
            self.ask({"value": value, "signed": signed, "count": count})
            rate = count / (time.clock_gettime(self._clock) - begin)
            count = max(10, int(SECONDS * rate))
        return rate


def start(core):
    """Start the peers. Return them, and a line for each peer that could not be installed."""
    peers, missing = [], []
    for name, command in (
        ("itsdangerous for Python", _python),
        (f"itsdangerous {RUST} for Rust", _rust),
        (f"itsdangerous.js {NODE} for Node", _node),
    ):
        try:
            peers.append(Peer(name, command(), core))
        except PeerMissing as error:
            missing.append(f"no {name}: {error}")
    return peers, missing


def rows(arguments, core, folder, calls, peers):
    """Yield a Row for each payload and peer, after interleaved rounds.

    dstok reads requests from a pipe and writes to another; a peer calls a function. `calls` are
    those of `payloads.calls`. Raises ProcessFailure when a process fails.
    """
    paths = [Path(folder) / name for name in ("create", "verify")]
    creates, verifies = (
        [call for call in calls if call.method == method] for method in ("create_token", "verify_token")
    )
    for create, verify in zip(creates, verifies, strict=True):
        payload = create.payload
        ours = verify.token.removeprefix("dstok_")
        value = value_of(ours)
        theirs = [peer.ask({"value": value, "signed": None, "count": 1}) for peer in peers]
        for path, call in zip(paths, (create, verify)):
            write_requests(path, call, payload.dstok_count)
        dstok_rates, peer_rates = ([], []), [([], []) for _ in peers]
        for _ in range(arguments.pairs):
            for path, found in zip(paths, dstok_rates):
                seconds = piped_seconds([arguments.dstok, "serve", "--threads", "1"], core, path)
                found.append(payload.dstok_count / seconds)
            for peer, signed, (signs, reads) in zip(peers, theirs, peer_rates):
                signs.append(peer.rate(value, None))
                reads.append(peer.rate(value, signed))
        for peer, signed, (signs, reads) in zip(peers, theirs, peer_rates):
            yield Row(
                payload.name,
                peer.name,
                statistics.median(signs),
                Spread.of(dstok_rates[0], signs),
                statistics.median(reads),
                Spread.of(dstok_rates[1], reads),
                signed == ours,
                peer.ask({"value": value, "signed": ours, "count": 1}),
            )


def value_of(signed):
    """Return the value inside a signed text, without checking the signature."""
    text, _, _ = signed.rpartition(".")
    compressed = text.startswith(".")
    text = text.removeprefix(".")
    payload = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    return json.loads(zlib.decompress(payload) if compressed else payload)


def _python():
    return [environments.python(environments.NEWEST), "-I", HERE / "peer.py"]


def _rust():
    folder = _folder("rust", "Cargo.toml", MANIFEST, "peer.rs")
    _install(["cargo", "build", "--quiet", "--release", "--target-dir", "target"], folder)
    return [folder / "target" / "release" / "peer"]


def _node():
    folder = _folder("node", "package.json", PACKAGE, "peer.mjs")
    _install(["npm", "install", "--loglevel=error", "--no-audit", "--no-fund"], folder)
    return ["node", folder / "peer.mjs"]


def _folder(name, manifest, text, program):
    """Create a peer's folder with its manifest and its program, and return it."""
    folder = ROOT / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / manifest).write_text(text, encoding="utf-8")
    shutil.copy2(HERE / program, folder)
    return folder


def _install(command, folder):
    """Run a package manager's command. Raises PeerMissing."""
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    except OSError as error:
        raise PeerMissing(f"{command[0]}: {error.strerror}") from error
    if done.returncode:
        last = ([line.strip() for line in done.stderr.splitlines() if line.strip()] or ["no message"])[-1]
        raise PeerMissing(f"{' '.join(command[:2])} failed: {last}")
