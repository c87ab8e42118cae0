"""`python -m MODULE` in a process of its own, as a user has it, without importing everything anew.

A server that has imported the suite is forked for each call, which spares it half a second of imports.
"""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from multiprocessing.context import ForkServerContext

_SECONDS = 300
_PRELOADED = ["conformance.cli", "conformance.run.execute", "hypothesis"]


def python_m(
    module: str, *arguments: str, cwd: Path, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a module that is in `cwd` or on the environment's PYTHONPATH; return its exit code and output."""
    environment = dict(os.environ if environment is None else environment)
    with TemporaryDirectory() as folder:
        streams = [Path(folder, name) for name in ("stdout", "stderr")]
        process = _server().Process(target=_run, args=(module, arguments, str(cwd), environment, streams))
        process.start()
        process.join(_SECONDS)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise subprocess.TimeoutExpired([module, *arguments], _SECONDS)
        out, err = (stream.read_text(encoding="utf-8") for stream in streams)
    return subprocess.CompletedProcess([module, *arguments], process.exitcode, out, err)


@cache
def _server() -> ForkServerContext:
    context = get_context("forkserver")
    context.set_forkserver_preload(_PRELOADED)
    return context


def _run(
    module: str, arguments: tuple[str, ...], cwd: str, environment: dict[str, str], streams: list[Path]
) -> None:
    for number, stream in enumerate(streams, start=1):
        opened = os.open(stream, os.O_WRONLY | os.O_CREAT)
        os.dup2(opened, number)
        os.close(opened)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    paths = environment.get("PYTHONPATH", "").split(os.pathsep)
    sys.path[:] = dict.fromkeys([cwd, *filter(None, paths), *sys.path])
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
