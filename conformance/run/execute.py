"""One run from plan to result, by pytest, whose own output is hidden."""

from __future__ import annotations

import io
import os
import sys
import tempfile
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from dataclasses import replace
from importlib.resources import as_file, files
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from conformance import deviations, suite
from conformance.exits import NothingRanError, UsageError
from conformance.run.pairs import Store
from conformance.run.progress import Progress
from conformance.run.recorder import Recorder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from conformance.results import Run
    from conformance.run.plan import Plan
    from conformance.run.recorder import Listener

_JAX_CPU_DEVICES = 2
_CACHE = ".conformance_cache"
_XDIST_STARTS = "bringing up nodes..."


def prepare_environment() -> None:
    """Set what array libraries and pytest read from the environment, before their first use.

    JAX gets several CPU devices, unless the user has said how many.
    """
    flags = os.environ.get("XLA_FLAGS", "")
    option = "--xla_force_host_platform_device_count"
    if option not in flags:
        os.environ["XLA_FLAGS"] = f"{flags} {option}={_JAX_CPU_DEVICES}".strip()
    # Whatever plugins of pytest are installed here are for other tests; what follows `--` may ask for some.
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    # On a GPU JAX would take most of the memory, which other libraries need.
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    cache = Path.cwd() / _CACHE
    try:
        cache.mkdir(exist_ok=True)
        cache.joinpath(".gitignore").write_text("*\n", encoding="utf-8")
    except OSError:
        return
    # Compiling each operation for each shape is most of JAX's time; a second run need not.
    os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(cache / "jax"))
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")


def check(plan: Plan) -> None:
    """Start every subject once and close it, so that what cannot start is told before the run.

    Raises
    ------
    UsageError
        The plan names what is not there.
    StartError
        A subject does not start.
    """
    known = {c.id for c in suite.load_cases()}
    if plan.deviations:
        deviations.read(Path(plan.deviations), known)
    if not plan.selected:
        message = "this installation holds no cases"
        raise UsageError(message)
    for subject in plan.subjects:
        with subject.start() as started:
            started.check()


def execute(
    plan: Plan, run: Run, console: Console, listeners: Sequence[Listener] = (), extra: Sequence[str] = ()
) -> None:
    """Run a plan.

    Parameters
    ----------
    plan : Plan
    run : Run
        Gets what is found.
    console : Console
        Where progress is shown, if it is a terminal.
    listeners : sequence of Listener
        Told of every verdict as it comes.
    extra : sequence of str
        Options for pytest.

    Raises
    ------
    UsageError
        pytest does not take the options.
    NothingRanError
        They select no case.
    """
    if any(word.partition("=")[0] == "--conformance-plan" for word in extra):
        message = "--conformance-plan is the suite's own"
        raise UsageError(message)
    with ExitStack() as stack:
        scratch = stack.enter_context(tempfile.TemporaryDirectory(prefix="conformance-"))
        ini = stack.enter_context(as_file(files("conformance.run").joinpath("pytest.ini")))
        recorder = Recorder(run, stack.enter_context(Progress(console)), *listeners)
        text = replace(plan, scratch=scratch).to_text()
        status, said = _pytest(_arguments(ini, text, extra), recorder)
        if status == pytest.ExitCode.USAGE_ERROR and not run.faults:
            raise UsageError(_complaint(said))
        if status == pytest.ExitCode.NO_TESTS_COLLECTED and not run.faults:
            message = f"nothing ran: no case is selected by {recorder.selection}"
            raise NothingRanError(message)
        run.pairs = Store(Path(scratch)).pairs()


def _pytest(arguments: list[str], recorder: Recorder) -> tuple[int, str]:
    """Run pytest without its own output, unless it is asked for some or debugs."""
    said = io.StringIO()
    with ExitStack() as stack:
        if not {"--pdb", "-s", "--capture=no"} & set(arguments):
            stack.enter_context(redirect_stdout(said))
            stack.enter_context(redirect_stderr(said))
        status = pytest.main(arguments, plugins=[recorder])
    words = [line for line in said.getvalue().splitlines() if line and line != _XDIST_STARTS]
    if words and status != pytest.ExitCode.USAGE_ERROR:
        sys.stdout.write("\n".join(words) + "\n")
    return int(status), said.getvalue()


def _complaint(said: str) -> str:
    errors = [line for line in said.splitlines() if "error:" in line.lower()]
    last = errors[-1].partition(":")[2].strip() if errors else "unknown options"
    return f"pytest does not take what follows `--`: {last.removeprefix('error:').strip()}"


def _arguments(ini: Path, plan: str, extra: Sequence[str]) -> list[str]:
    quiet = ["-qq", "--no-header", "--no-summary", "--tb=no", "--noconftest", "--assert=plain"]
    plugins = ["-p", "conformance.plugin", "-p", "no:warnings", "-p", "no:logging"]
    if find_spec("xdist") is not None and "no:xdist" not in extra:
        plugins += ["-p", "xdist"]
    # With the package as root, a case has the same id wherever the suite is run from.
    where = ["-c", str(ini), "--rootdir", str(ini.parents[2])]
    names = ["-o", "junit_suite_name=temporal-loss-conformance"]
    cache = ["-o", f"cache_dir={Path.cwd() / _CACHE / 'pytest'}"]
    return [
        *quiet,
        *plugins,
        *where,
        *names,
        *cache,
        *extra,
        "--conformance-plan",
        plan,
        "--pyargs",
        "conformance.run.test_cases",
    ]
