"""Every shell block of README and site: its commands exist, and the quick ones run."""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import tomllib
from typing import TYPE_CHECKING

import pytest
from support import select
from support.commands import python_m

from .blocks import ROOT, blocks_of, name_of, pages

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

SHELL = [block for page in pages() for block in blocks_of(page) if block.language == "sh"]
# Each once, under the name of the first page that has it.
COMMANDS = {
    line.removeprefix(".venv/bin/"): block for block in reversed(SHELL) for line in block.text.splitlines()
}
METADATA = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
SET_UP = "python3 -m venv .venv && "
COMPARE = (
    f'{SET_UP}.venv/bin/pip install -q -c constraints.txt ".[numpy,dask]" ./conformance'
    " && .venv/bin/python -m conformance --core"
)
TEST = f"{SET_UP}.venv/bin/pip install -q nox && .venv/bin/nox"

RECORDING = """\
scorer,m,m,m,m,m,m
bodyparts,nose,nose,nose,tail,tail,tail
coords,x,y,likelihood,x,y,likelihood
0,0,0,0.99,10,10,0.99
1,3,4,0.99,10,10,0.99
2,3,4,0.99,10,22,0.95
"""
SUBJECT = "from temporal_loss import temporal_loss as myloss\n"


NOXFILE = (ROOT / "noxfile.py").read_text(encoding="utf-8")
SESSIONS = set(re.findall(r"^@nox\.session.*\n(?:@.*\n)*def (\w+)", NOXFILE, re.MULTILINE))


def wrong(command: str) -> str | None:
    """Say what is wrong with a command that is not run; None if nothing is."""
    if command in {COMPARE, TEST}:
        return None
    program, *arguments = shlex.split(command.removeprefix(".venv/bin/"))
    match program, *arguments:
        case ["pip" | "nox", *_]:
            return wrong_names(command)
        case ["pre-commit", "install"]:
            needed = (ROOT / ".pre-commit-config.yaml").exists()
        case ["python", "-m", module, *_]:
            needed = importlib.util.find_spec(module) is not None
        case ["python", script, *_] if script.startswith("docs/"):
            needed = (ROOT / script).exists()
        case _:
            return f"nobody checks {program!r}"
    return None if needed else f"what {command!r} runs is not there"


def wrong_names(text: str) -> str | None:
    """Say which extras, distributions, files or tasks in a text do not exist."""
    extras = [
        name for found in re.findall(r'"(?:\.|PATH_TO_CLONE)\[([^]]*)\]"', text) for name in found.split(",")
    ]
    unknown = set(extras) - {*METADATA["project"]["optional-dependencies"], "EXTRA"}
    unknown |= set(re.findall(r"\bnox -s \"?([a-z_]+)", text)) - SESSIONS
    unknown |= {name for name in re.findall(r"(?:-c|--constraint) (\S+)", text) if not (ROOT / name).exists()}
    folders = {
        word for line in re.findall(r"\bpip install (.+)", text) for word in re.findall(r"\./\w+", line)
    }
    unknown |= {name for name in folders if not (ROOT / name / "pyproject.toml").exists()}
    return f"there is no {', '.join(sorted(unknown))}" if unknown else None


def arguments_of(command: str) -> list[str] | None:
    """Arguments of Python for a command of this project that runs in seconds; None for all others."""
    words = shlex.split(command)
    if words[0].removeprefix(".venv/bin/") != "python":
        return None
    if words[1:3] == ["-m", "temporal_loss"]:
        return words[1:]
    if words[1:3] != ["-m", "conformance"]:
        return None
    runs_cases = not {"--data", "--help", "cases", "diff", "badge"} & set(words)
    # All of the cases take too long here: say what would run.
    return [*words[1:], *(["--list"] if runs_cases else [])]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What the commands of the pages find beside them."""
    (tmp_path / "video.csv").write_text(RECORDING, encoding="utf-8")
    (tmp_path / "mymodule.py").write_text(SUBJECT, encoding="utf-8")
    return tmp_path


def run(arguments: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    _, module, *rest = arguments
    return python_m(module, *rest, cwd=folder, environment=os.environ | {"PYTHONPATH": str(ROOT)})


@pytest.mark.parametrize("command", COMMANDS)
def test_command(command: str, folder: Path) -> None:
    arguments = arguments_of(command)
    if arguments is None:
        assert wrong(command) is None, COMMANDS[command].name
        return
    if "numpy" not in select().names and {"temporal_loss", "--data", "--subject", "numpy"} & set(arguments):
        pytest.skip("needs numpy, which is not under test")
    done = run(arguments, folder)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    assert done.stdout.strip()


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_names_in_text(page: Path) -> None:
    assert wrong_names(page.read_text(encoding="utf-8")) is None


@pytest.mark.parametrize(
    "command",
    [
        'pip install ".[nympy]"',
        'pip install "PATH_TO_CLONE[nympy]"',
        "pip install . ./docs",
        "nox -s dcos",
        "make docs",
        "pip install -c pins.txt x",
        "python x.py",
        "python -m no_such_module",
        "python docs/x.py",
    ],
)
def test_wrong_commands_are_found(command: str) -> None:
    assert wrong(command) is not None


def test_wrong_arguments_are_found(folder: Path) -> None:
    arguments = arguments_of("python -m conformance --dada video.csv")
    assert arguments is not None
    assert run(arguments, folder).returncode == 2


def test_set_up_is_two_commands() -> None:
    shown = [block.text for block in blocks_of(ROOT / "README.md") if block.language == "sh"]
    assert [line for line in "".join(shown).splitlines() if "venv .venv" in line] == [COMPARE, TEST]


def test_ci_runs_the_tests_as_the_readme_says() -> None:
    script = ROOT / ".ci" / "run"
    if not script.exists():
        pytest.skip("this copy of the project has no .ci/run")
    lines = re.findall(r"^[^#\n].*", script.read_text(encoding="utf-8"), re.MULTILINE)
    assert TEST in lines
    before, after = lines[: lines.index(TEST)], lines[lines.index(TEST) + 1 :]
    # What comes before it prepares the machine and sets up nothing of the project.
    assert not re.search(r"\b(venv|pip|nox|python3?|pytest)\b", "\n".join(before))
    # What comes after it runs further sessions: both ends of what is promised at least.
    assert all(line.startswith(".venv/bin/nox -s ") for line in after)
    sessions = {re.split(r"[-(]", name)[0] for line in after for name in shlex.split(line)[2:]}
    assert {"slow", "docs", "lowest", "newest"} <= sessions <= SESSIONS
