"""The command line as a user runs it, for tests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


def conformance(
    *arguments: str, cwd: Path, program: tuple[str, ...] = ("-m", "conformance"), **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run the command line as a user does, from another directory."""
    root = str(HERE.parents[1])
    paths = [root, str(HERE), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths)), **variables}
    return subprocess.run(  # noqa: S603 - our own command
        [sys.executable, *program, *arguments],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
