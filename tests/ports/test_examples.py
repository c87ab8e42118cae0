"""The example ports, put through the whole suite."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from conformance import fresh, offline, suite
from conformance.exits import Exit
from conformance.profiles import NAMES
from ports.test_command import run

EXAMPLES = Path(__file__).parents[2] / "examples" / "ports"
# A port has neither another device nor a transformation.
CLAIMED = set(NAMES) - {"device", "transform"}


def readme(name: str) -> str:
    return (EXAMPLES / name / "README.md").read_text(encoding="utf-8")


def told(name: str) -> str:
    """Return the command line of a port that its page gives, for any working directory."""
    line = re.search(r'^\$ python -m conformance --port ("[^"]*"|\S*)$', readme(name), re.MULTILINE)
    assert line
    words = shlex.split(shlex.split(line[1])[0])
    root = str(EXAMPLES.parents[1])
    return shlex.join(
        sys.executable if w == "python" else f"{root}/{w}" if w.startswith("examples/") else w for w in words
    )


@pytest.fixture(params=["javascript", "c", "python"])
def example(request: pytest.FixtureRequest) -> str:
    """The command line of a port; a fixture of its own for each, so that what is missing skips it alone."""
    found: str = request.getfixturevalue(request.param)
    return found


@pytest.fixture(scope="session")
def javascript() -> str:
    if shutil.which("node") is None:
        pytest.skip("node is not here")
    return told("javascript")


@pytest.fixture(scope="session")
def c(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The C port, compiled by its Makefile in a copy."""
    if shutil.which("gcc") is None or shutil.which("make") is None:
        pytest.skip("gcc or make is not here")
    assert "$ make -C examples/ports/c\n" in readme("c")
    folder = tmp_path_factory.mktemp("c") / "copy"
    shutil.copytree(EXAMPLES / "c", folder, ignore=shutil.ignore_patterns("port"))
    subprocess.run(["make", "-C", str(folder)], check=True, capture_output=True, timeout=120)  # noqa: S603, S607
    return told("c").replace(str(EXAMPLES / "c"), str(folder))


@pytest.fixture(scope="session")
def python() -> str:
    for name in ("numpy", "ml_dtypes"):
        if find_spec(name) is None:
            pytest.skip(f"{name} is not here")
    return told("python")


@pytest.mark.slow
def test_conforms_in_every_profile_it_claims(example: str, tmp_path: Path) -> None:
    report = tmp_path / "report.jsonl"
    done = run("--port", example, "--jsonl", str(report), folder=tmp_path)
    assert done.returncode == Exit.CONFORMS, done.stdout + done.stderr
    lines = [json.loads(line) for line in report.read_text(encoding="utf-8").splitlines()]
    verdicts = {line["case"]: line for line in lines if line["type"] == "verdict"}
    assert {v["status"] for v in verdicts.values()} == {"pass"}
    assert len(verdicts) == len(suite.load_cases()) + fresh.COUNT
    claimed = done.stdout.partition("Profiles claimed")[2].splitlines()
    assert {words[0] for line in claimed if line.endswith("/cpu") and (words := line.split())} == CLAIMED


@pytest.mark.slow
def test_says_the_same_offline_and_in_one_shot(example: str, tmp_path: Path) -> None:
    cases = suite.load_cases()[::120]
    ids = ["--case", ",".join(c.id for c in cases)]
    path = tmp_path / "answers.jsonl"
    done = subprocess.run(  # noqa: S603
        shlex.split(example), input=b"".join(offline.emit(cases)), capture_output=True, check=True, timeout=60
    )
    path.write_bytes(done.stdout)
    assert run("judge", str(path), *ids, folder=tmp_path).returncode == Exit.CONFORMS
    assert run("--port", example, "--one-shot", *ids, folder=tmp_path).returncode == Exit.CONFORMS


def test_the_python_port_is_short() -> None:
    assert len((EXAMPLES / "python" / "port.py").read_text(encoding="utf-8").splitlines()) < 55


def test_the_javascript_port_needs_no_packages_and_no_node() -> None:
    manifest = json.loads((EXAMPLES / "javascript" / "package.json").read_text(encoding="utf-8"))
    assert not [key for key in manifest if "ependencies" in key]
    library = (EXAMPLES / "javascript" / "temporal-loss.js", EXAMPLES / "javascript" / "rounding.js")
    for path in library:
        text = path.read_text(encoding="utf-8")
        assert "node:" not in text
        assert "process." not in text
        assert "require(" not in text


def test_the_javascript_loss_is_a_module_of_its_own(javascript: str, tmp_path: Path) -> None:
    assert javascript
    for name in ("temporal-loss.js", "rounding.js"):
        shutil.copy(EXAMPLES / "javascript" / name, tmp_path)
    (tmp_path / "package.json").write_text('{"type": "module"}', encoding="utf-8")
    shown = re.search(r"^```js\n(.*?)^```", readme("javascript"), re.MULTILINE | re.DOTALL)
    assert shown
    code = re.sub(r"^(temporalLoss.*); // .*$", r"print(\1);", shown[1], flags=re.MULTILINE)
    refusal = """
        try { temporalLoss({ shape: [1, 2], data: new Float64Array(2) }); }
        catch (refusal) { console.log(refusal.kind); }
    """
    body = f"const print = (v) => console.log(String(v));\n{code}\n{refusal}"
    (tmp_path / "use.js").write_text(body, encoding="utf-8")
    done = subprocess.run(
        ["node", "use.js"],  # noqa: S607
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    loss, gradient, kind = done.stdout.splitlines()
    assert (loss, kind) == ("4", "shape")
    assert [round(float(v), 6) for v in gradient.split(",")] == [-0.6, -0.8, 0.6, 0.8]


def test_the_c_interface_is_used_as_its_page_shows(c: str, tmp_path: Path) -> None:
    folder = Path(c).parent
    shown = re.search(r"^```c\n(.*?)^```", readme("c"), re.MULTILINE | re.DOTALL)
    assert shown
    program = f"""
        #include <stdio.h>
        #include "temporal_loss.h"
        int main(void) {{
            double x[] = {{0, 0, 3, 4, 3, 16}}, sure[] = {{1, 1, 0.5}}, gradient[6];
            tl_array keypoints = {{F64, 2, {{3, 2}}, 6, x, NULL}};
            tl_array confidences = {{F64, 2, {{3, 1}}, 3, sure, NULL}};
            {shown[1].replace("tl_gradient", 'printf("%g ", loss); tl_gradient')}
            printf("%g %g %g %g", gradient[0], gradient[1], gradient[2], gradient[4]);
            return 0;
        }}
    """
    (tmp_path / "use.c").write_text(program, encoding="utf-8")
    flags = ["-std=c99", "-Wall", "-Wextra", "-Werror", f"-I{folder}", "-o", str(tmp_path / "use")]
    sources = [str(tmp_path / "use.c"), str(folder / "temporal_loss.c"), str(folder / "floats.c")]
    subprocess.run(["gcc", *flags, *sources, "-lm"], check=True, timeout=60)  # noqa: S603, S607
    done = subprocess.run([tmp_path / "use"], capture_output=True, text=True, check=True, timeout=60)  # noqa: S603
    assert done.stdout == "2.5 -0.3 -0.4 0.3 0"
