"""Installing a wheel where no Rust is."""

import re

from platforms.build import ARTEFACTS
from platforms.chroot import inside
from platforms.steps import Failure

# What a user does after `pip install`. Prints the seconds since START.
PROGRAM = """
import os, time, dstok
start = float(os.environ["START"])
with dstok.Client(secret="not-a-secret") as client:
    assert client.verify_token(client.create_token("root"))["id"] == "root"
print(f"verified after {time.time() - start:.1f} s")
"""
# PATH has the new environment alone, and no Rust.
NATIVE = """
rm -rf /build/fresh
python3 -m venv /build/fresh
export PATH=/build/fresh/bin START=$(date +%s.%N)
pip install --quiet --no-index {wheel}
python -c '{program}'
"""
# pip runs from its own wheel: an unpacked Debian package is not set up to make environments.
ARM64 = """
cp {wheel} /build/arm64/tmp
# That system has no certificates, and needs none: pip must not load them at the start.
unset PIP_CERT SSL_CERT_FILE REQUESTS_CA_BUNDLE
export PATH=/usr/sbin:/usr/bin START=$(date +%s.%N)
pip=$(cd /build/arm64 && echo usr/share/python-wheels/pip-*.whl)
chroot /build/arm64 python3 "/$pip/pip" install --quiet --no-index --break-system-packages --force-reinstall \
    --use-deprecated=legacy-certs /tmp/{name}
chroot /build/arm64 python3 -c '{program}'
rm /build/arm64/tmp/{name}
"""


def install(target):
    """Install the wheel with pip, and verify a token. Returns (name, seconds). Raises Failure."""
    (name,) = (path.name for path in (ARTEFACTS / target.triple).glob("*.whl"))
    emulate = target.how != "natively"
    wheel = f"/build/artefacts/{target.triple}/{name}"
    script = (ARM64 if emulate else NATIVE).format(wheel=wheel, name=name, program=PROGRAM)
    output = inside(script, f"{target.triple}-install", emulate=emulate, timeout=900)
    found = re.search(r"^verified after ([\d.]+) s$", output, re.MULTILINE)
    if not found:
        raise Failure(f"{target.triple}: the client of the wheel verified no token")
    return name, float(found[1])
