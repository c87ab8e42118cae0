"""The command line as a user runs it, for tests."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from support.commands import python_m

if TYPE_CHECKING:
    import subprocess

HERE = Path(__file__).parent


def conformance(*arguments: str, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the command line as a user does, from another directory."""
    root = str(HERE.parents[1])
    paths = [root, str(HERE), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths)), **variables}
    return python_m("conformance", *arguments, cwd=cwd, environment=environment)


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
