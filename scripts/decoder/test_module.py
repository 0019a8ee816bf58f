"""The WebAssembly module, beside dstok."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from tokens import BUILT, NOW, answers, tokens


@pytest.mark.skipif(not shutil.which("node"), reason="needs node")
def test_every_token_gets_the_answer_of_dstok():
    command = ["node", Path(__file__).with_name("inspect.mjs"), BUILT / "module.js", str(NOW)]
    done = subprocess.run(command, input=json.dumps(tokens()).encode(), capture_output=True, check=True)
    said = [json.loads(line) for line in done.stdout.decode().split("\n")[:-1]]
    assert len(said) == len(tokens()) > 500
    for token, ours, theirs in zip(tokens(), said, answers(), strict=True):
        assert ours == theirs, token
    kinds = {(answer["status"], answer["compressed"], answer["restrictions"] is None) for answer in said}
    assert len(kinds) == 9, "every kind of token is among them"
