"""Importing the library imports no array library, and nothing that is slow."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import temporal_loss

# Packages that an environment may load at start, before anything is imported, are none of ours.
PROGRAM = """
import sys
before = set(sys.modules)
import temporal_loss
print(*sorted({name.partition(".")[0] for name in set(sys.modules) - before}))
"""
LIGHT = {"temporal_loss", "array_api_compat", *sys.stdlib_module_names}


def _run(program: str, *first: Path) -> set[str]:
    """Words printed by a process of its own, with folders to look for modules in first."""
    path = os.pathsep.join([*map(str, first), *filter(None, sys.path)])
    ran = subprocess.run(  # noqa: S603 - this very interpreter
        [sys.executable, "-P", "-c", program],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return set(ran.stdout.split())


def test_nothing_is_imported_beyond_array_api_compat_and_the_standard_library(tmp_path: Path) -> None:
    imported = _run(PROGRAM)
    assert "temporal_loss" in imported
    assert imported <= LIGHT
    # The same package, but one of its modules imports an array library.
    package = tmp_path / "temporal_loss"
    shutil.copytree(Path(temporal_loss.__file__).parent, package)
    (tmp_path / "numpy.py").write_text("")
    assert _run(PROGRAM, tmp_path) <= LIGHT
    with (package / "_stages.py").open("a") as module:
        module.write("\nimport numpy\n")
    assert _run(PROGRAM, tmp_path) - LIGHT == {"numpy"}


def test_types_are_shipped() -> None:
    assert (Path(temporal_loss.__file__).parent / "py.typed").is_file()
