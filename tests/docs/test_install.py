"""The lines of the README that install into one's own project are run, elsewhere and in an empty environment.

PyTorch's index cannot be asked everywhere: a folder with a package of torch's name stands for it. So this
tests that these lines take torch from that index and then leave it alone; not what is in the index today.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from support import browser

from .blocks import ROOT, blocks_of

if TYPE_CHECKING:
    from pathlib import Path

BLOCKS = blocks_of(ROOT / "README.md")
LINES = [line for block in BLOCKS if block.language == "sh" for line in block.text.splitlines()]
INDEX = "https://download.pytorch.org/whl/cpu"
TORCH = f"pip install --index-url {INDEX} torch"
OWN = [line for line in LINES if "PATH_TO_CLONE" in line]
(PINNED,) = [
    line.removeprefix("torch==")
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    if line.startswith("torch==")
]


def wheel_of_torch(folder: Path) -> None:
    """Make an index of one package: torch's name, the version that is tested, and nothing in it."""
    version = f"{PINNED}+cpu"
    described, name = f"torch-{version}.dist-info", f"torch-{version}-py3-none-any.whl"
    (folder / "torch").mkdir(parents=True)
    with zipfile.ZipFile(folder / "torch" / name, "w") as file:
        file.writestr(f"{described}/METADATA", f"Metadata-Version: 2.1\nName: torch\nVersion: {version}\n")
        file.writestr(f"{described}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        file.writestr(f"{described}/RECORD", "")


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Make an environment with nothing in it but pip; give its interpreter."""
    folder = tmp_path_factory.mktemp("own") / ".venv"
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)  # noqa: S603
    return str(folder / "bin" / "python")


def run(python: str, line: str, folder: Path, **environment: str) -> str:
    """Run a line in that environment and folder; give what it printed."""
    around = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [python, "-m", *shlex.split(line)]
    done = subprocess.run(  # noqa: S603
        command,
        cwd=folder,
        env={**around, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def version_of_torch(python: str, folder: Path) -> str:
    return run(python, "pip show torch", folder).partition("Version: ")[2].partition("\n")[0]


def test_installing_from_outside_of_the_clone(python: str, tmp_path: Path) -> None:
    assert OWN == ['pip install "PATH_TO_CLONE[numpy]"', 'pip install "PATH_TO_CLONE[torch]"']
    run(python, OWN[0].replace("PATH_TO_CLONE", str(ROOT)), tmp_path)
    # The example of the start page, which says that this is enough for it.
    (block,) = [b for b in blocks_of(ROOT / "docs" / "index.md") if b.language == "python"]
    (tmp_path / "example.py").write_text(block.text, encoding="utf-8")
    assert run(python, "example", tmp_path) == block.output


def test_torch_for_processors_only(python: str, tmp_path: Path) -> None:
    assert TORCH in LINES
    site = tmp_path / "site"
    wheel_of_torch(site / urlsplit(INDEX).path.strip("/"))
    with browser.served(site) as root:
        line = TORCH.replace(INDEX, INDEX.replace("https://download.pytorch.org", root))
        # Nothing but that index is asked, whatever the machine is set to.
        environment = {"PIP_CONFIG_FILE": os.devnull, "PIP_FIND_LINKS": "", "PIP_EXTRA_INDEX_URL": ""}
        run(python, line, tmp_path, **environment)
    assert version_of_torch(python, tmp_path) == f"{PINNED}+cpu"
    run(python, OWN[1].replace("PATH_TO_CLONE", str(ROOT)), tmp_path)
    assert version_of_torch(python, tmp_path) == f"{PINNED}+cpu"
    # What the project is tested with is that very version, and its file takes it too.
    run(python, f'pip install -c {ROOT / "constraints.txt"} "{ROOT}[torch]"', tmp_path)
    assert version_of_torch(python, tmp_path) == f"{PINNED}+cpu"
