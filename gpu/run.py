"""Run everything that takes a GPU, in nine minutes: `python -m gpu.run`.

Suite, tests and measurements, each step in a process of its own that is stopped at its limit. After each,
gpu.json and gpu.md say which steps passed, failed, were stopped, found no device, or were not run yet.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gpu.gather import ROOT, install

SECONDS = 540
"""For all steps together, with what goes before them."""
PROBE_LIMIT = 30
BACKENDS = ("cupy", "torch", "jax")
ON_CUDA = "tests/library/test_torch_cuda.py"
SOME_PASSED = r"[1-9]\d* passed"
ALL_MET = r"[1-9]\d* targets met, 0 missed\."
ENVIRONMENT = {
    "PYTHONUNBUFFERED": "1",
    # Whatever plugins of pytest are here are for other tests.
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    # Else JAX takes most of the memory, and torch starts compilers in each of the processes.
    "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
    "TORCHINDUCTOR_COMPILE_THREADS": "1",
}


@dataclass
class Step:
    """A command of Python, the backend and the device that it takes, its limit, and what came of it.

    It has passed if it ends well and says what `passed` looks for: one that tested nothing has not.
    """

    name: str
    backend: str
    device: str
    limit: float
    command: list[str]
    passed: str = SOME_PASSED
    status: str = "not run"
    seconds: float = 0.0
    said: str = ""


def plan(device: str, workers: int, out: Path) -> list[Step]:
    """Every step, in the order in which they run."""
    pytest = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "--device", device, "--backend"]

    def suite(backend: str, limit: float) -> Step:
        # The cases that everyone has: fresh ones would only take time.
        options = ["--fresh", "0", "--jsonl", str(out / f"{backend}.jsonl")]
        return compared(f"suite on {backend}", backend, limit, options)

    def modes(backend: str, limit: float) -> Step:
        # Of all cases compiling takes longer than there is.
        options = ["--mode", "all", "--core", "--jsonl", str(out / f"{backend}-modes.jsonl")]
        return compared(f"core of the suite on {backend}, every mode", backend, limit, options)

    def compared(name: str, backend: str, limit: float, options: list[str]) -> Step:
        chosen = ["--backend", backend, "--require", backend, "--device", device]
        command = ["-m", "conformance", *chosen, *options, "--", "-n", str(workers)]
        return Step(name, backend, device, limit, command)

    def tests(backend: str, limit: float) -> Step:
        options = ["-p", "xdist", "-n", str(workers), "tests/library", "tests/mutants"]
        # Of the pages that on this library: others take more than is here.
        options += ["tests/docs/test_examples.py", "-k", f"not test_examples or howto/{backend}.md"]
        command = [*pytest, backend, *options]
        return Step(f"tests on {backend}", backend, device, limit, command)

    def alone(name: str, word: str) -> Step:
        return Step(name, "torch", "cuda", 20, [*pytest, "torch", ON_CUDA, "-k", word])

    measured = ["-m", "benchmarks", "--device", device, "--json", str(out / "benchmarks.json")]
    if device == "cpu":
        measured += ["--quick", "--only", "small"]
    return [
        suite("cupy", 45),
        suite("torch", 30),
        modes("torch", 50),
        suite("jax", 70),
        modes("jax", 50),
        tests("cupy", 25),
        tests("torch", 40),
        tests("jax", 50),
        alone("nothing waits for the device", "waits"),
        alone("captured in a CUDA graph", "capture"),
        Step("measurements, beside a copy", "torch", device, 110, measured, ALL_MET),
    ]


def probe(python: str, backend: str) -> dict[str, Any]:
    """Ask for a backend's devices; that it cannot say is an answer too."""
    command = [python, "-m", "gpu.probe", backend]
    try:
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, timeout=PROBE_LIMIT, check=True
        )
    except subprocess.TimeoutExpired:
        return {"why": f"no answer in {PROBE_LIMIT} s", "devices": [], "versions": {}}
    except subprocess.CalledProcessError as error:
        return {"why": telling(error.stderr) or str(error), "devices": [], "versions": {}}
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def absence(found: dict[str, Any], device: str) -> str:
    """Why a backend cannot run on a kind of device; empty where it can."""
    if any(each.partition(":")[0] == device for each in found["devices"]):
        return ""
    return found["why"] or f"no device {device} here, only {', '.join(found['devices'])}"


def telling(text: str) -> str:
    """Last line that counts something, or else the last one."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    counts = [line for line in lines if re.search(r"\d (passed|failed|targets met)", line)]
    return (counts or lines or [""])[-1]


def carry_out(step: Step, python: str, log: Path) -> None:
    """Run a step to its end or its limit, and note what came of it; its output goes to the log."""
    start = time.monotonic()
    with log.open("ab+") as output:
        before = output.tell()
        process = subprocess.Popen(
            [python, *step.command], cwd=ROOT, env=os.environ | ENVIRONMENT,
            stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, process_group=0,
        )  # fmt: skip
        try:
            code: int | None = process.wait(step.limit)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            # What it started would run beside the next step.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        output.seek(before)
        text = output.read().decode(errors="replace")
    good = code == 0 and re.search(step.passed, text) is not None
    step.status = "stopped" if code is None else "passed" if good else "failed"
    step.seconds, step.said = round(time.monotonic() - start, 1), telling(text)


def write(out: Path, device: str, about: dict[str, str], steps: list[Step]) -> str:
    """Write gpu.json and gpu.md, and return the latter."""
    kept = {"device": device, "about": about, "steps": [asdict(step) for step in steps]}
    (out / "gpu.json").write_text(json.dumps(kept, indent=1) + "\n")
    kind = "CUDA" if device == "cuda" else "A rehearsal without a GPU"
    counts = Counter(step.status for step in steps)
    done = ", ".join(f"{count} {status}" for status, count in counts.items())
    where = ", ".join(f"{name} {value}" for name, value in about.items())
    lines = [f"{kind}: {done} of {len(steps)} steps. {where}.", ""]
    lines += ["| step | | seconds | limit | last line |", "|---|---|---|---|---|"]
    for step in steps:
        said = step.said.replace("|", "\\|")
        lines.append(f"| {step.name} | {step.status} | {step.seconds:g} | {step.limit:g} | {said} |")
    table = "\n".join([*lines, ""])
    (out / "gpu.md").write_text(table)
    return table


def main() -> int:
    """Run the steps; exit 0 if all passed, 1 if one failed or was stopped, 5 if not all ran."""
    cores = len(os.sched_getaffinity(0))
    parser = argparse.ArgumentParser(prog="python -m gpu.run", description=(__doc__ or "").split(":")[0])
    parser.add_argument("--device", default="cuda", choices=["cuda", "cpu"], help="cpu: a rehearsal")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "gpu", help="where reports go")
    parser.add_argument("--only", default="", metavar="TEXT", help="only steps with this in their name")
    parser.add_argument("--times", type=float, default=1.0, help="so many times the limits")
    parser.add_argument("--workers", type=int, default=max(1, cores * 3 // 4), help="processes of a step")
    asked = parser.parse_args()
    # Who ends this ends its step too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    end = time.monotonic() + asked.times * SECONDS
    out: Path = asked.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    log = out / "log.txt"
    log.unlink(missing_ok=True)
    python = install(out / "env")
    found = {name: probe(python, name) for name in BACKENDS}
    about = {"date": datetime.now(UTC).date().isoformat(), "cores": str(cores)}
    about |= {name: version for each in found.values() for name, version in each["versions"].items()}
    steps = plan(asked.device, asked.workers, out)
    table = write(out, asked.device, about, steps)
    for step in [each for each in steps if asked.only in each.name]:
        step.said = absence(found[step.backend], step.device)
        if step.said:
            step.status = "absent"
        else:
            step.limit = round(min(asked.times * step.limit, end - time.monotonic()), 1)
            carry_out(step, python, log)
        table = write(out, asked.device, about, steps)
        print(f"{step.status:8} {step.seconds:6.1f} s  {step.name}: {step.said}", flush=True)
    print(table)
    statuses = {step.status for step in steps}
    return 1 if statuses & {"failed", "stopped"} else 0 if statuses == {"passed"} else 5


if __name__ == "__main__":
    sys.exit(main())
