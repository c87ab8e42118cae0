"""A port that computes nothing and looks its answers up in the case files, by what it is told of the case."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from conformance import offline, suite
from conformance.exits import Exit
from conformance.model import Op
from conformance.port import messages
from ports.test_command import run

CASES = Path(suite.__file__).with_name("cases")
CHOSEN = [c for c in suite.load_cases() if c.op is Op.VALUE and c.dtype == "float64" and not c.error][:20]
LOOK_UP = f"""
import json, pathlib, sys
files = pathlib.Path({str(CASES)!r}).glob("*.json")
cases = {{c["id"]: c for f in files for c in json.loads(f.read_bytes())["cases"]}}
about = {{"ops": ["value"], "dtypes": ["float64"], "devices": ["cpu"]}}
for line in map(json.loads, sys.stdin):
    if line["cmd"] == "start":
        port = {{"name": "look-up", "version": "1", "language": "any"}}
        answer = {{"protocol": 1, "port": port, "capabilities": about}}
    elif line["cmd"] == "run":
        known = [cases[word] for word in map(str, line.values()) if word in cases]
        loss = known[0]["expected"]["loss"] if known else dict(dtype="float64", shape=[], bits=["0" * 16])
        array = {{k: loss[k] for k in ("dtype", "shape", "bits")}}
        answer = {{"seq": line["seq"], "device": "cpu", "outputs": {{"loss": array}}}}
    print(json.dumps(answer), flush=True)
"""


@pytest.mark.slow
def test_a_port_cannot_look_its_answers_up_by_id(tmp_path: Path) -> None:
    port = tmp_path / "port.py"
    port.write_text(LOOK_UP)
    ids = ",".join(case.id for case in CHOSEN)
    done = run("--port", shlex.join([sys.executable, str(port)]), "--case", ids, folder=tmp_path)
    assert done.returncode == Exit.DOES_NOT, done.stdout + done.stderr


def test_that_port_would_be_right_if_it_were_told_the_id(tmp_path: Path) -> None:
    # So that the test above fails for what it says, and not for a mistake in the port.
    port = tmp_path / "port.py"
    port.write_text(LOOK_UP)
    case = CHOSEN[0]
    told = json.dumps({"cmd": "run", "seq": "1", "case": case.id})
    done = subprocess.run(  # noqa: S603
        [sys.executable, str(port)], input=told, capture_output=True, text=True, check=True, timeout=60
    )
    assert tuple(json.loads(done.stdout)["outputs"]["loss"]["bits"]) == case.expected["loss"].array.bits


def test_no_request_names_its_case() -> None:
    for case in suite.load_cases():
        if sum(len(a.values) for a in case.inputs.values()) < 200:
            asked = [messages.run_line(case.request, "1", "cpu"), offline.seq_of(case.id, 1).encode()]
            assert not any(case.id.encode() in line for line in asked)
