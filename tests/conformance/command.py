"""The command line as a user runs it, for tests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from support.commands import python_m

HERE = Path(__file__).parent


def conformance(*arguments: str, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the command line as a user does, from another directory."""
    return python_m("conformance", *arguments, cwd=cwd, environment=_environment(variables))


def python(*arguments: str, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run Python from another directory, in a process that has imported nothing yet."""
    return subprocess.run(  # noqa: S603 - our own commands
        [sys.executable, *arguments],
        cwd=cwd,
        env=_environment(variables),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def _environment(variables: dict[str, str]) -> dict[str, str]:
    paths = [str(HERE.parents[1]), str(HERE), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths)), **variables}


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
