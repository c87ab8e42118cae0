"""`--backend package.module:OBJECT`: a backend that the suite does not bring."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from command import conformance, lines, python
from support.selection import select

from conformance.cli import main
from conformance.exits import Exit
from conformance.subjects import backends, find

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif("numpy" not in select().names, reason="these backends are made of NumPy")

OWN = "own_backend:OWN"


@pytest.fixture(autouse=True)
def _forget(monkeypatch: pytest.MonkeyPatch) -> None:
    # Elsewhere no backend is known but the suite's own.
    monkeypatch.setattr(backends, "_loaded", {})
    monkeypatch.setattr(backends, "_words", {})


@pytest.mark.slow
@pytest.mark.parametrize("extra", [["-p", "no:xdist"], ["-n", "2"]], ids=["alone", "in processes"])
def test_it_runs_under_its_name(extra: list[str], tmp_path: Path) -> None:
    options = ["--backend", OWN, "--mode", "all", "--jsonl", "r.jsonl"]
    done = conformance(*options, "--", "-k", "value-exact-f32-00", *extra, cwd=tmp_path)
    assert done.returncode == Exit.CONFORMS, done.stdout + done.stderr
    header, *verdicts, _ = lines(tmp_path / "r.jsonl")
    assert [each["name"] for each in header["subjects"]] == ["own/cpu/plainly", "own/cpu/again"]
    assert set(header["versions"]) == {"temporal-loss", "array-api-compat", "own"}
    assert {each["subject"] for each in verdicts if each["type"] == "verdict"} == {
        "own/cpu/plainly",
        "own/cpu/again",
    }
    # What runs it again has to find it again.
    assert header["subjects"][1]["rerun"] == f"--backend {OWN} --device cpu --mode again"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "extra"),
    [([], []), ([], ["-n", "2"]), (["--subject", "temporal_loss:temporal_loss"], [])],
    ids=["alone", "in processes", "in a child"],
)
def test_a_conformance_py_of_the_user_s_is_left_alone(
    options: list[str], extra: list[str], tmp_path: Path
) -> None:
    here, scripts = tmp_path / "here", tmp_path / "bin"
    here.mkdir()
    scripts.mkdir()
    here.joinpath("conformance.py").write_text("raise RuntimeError('imported')\n", encoding="utf-8")
    # What pip makes of an entry point: a script that does not have the current directory on its path.
    script = scripts / "temporal-loss-conformance"
    script.write_text("import conformance.__main__ as m, sys\nsys.exit(m.main())\n", encoding="utf-8")
    options = ["--backend", OWN, *options, "--", "-k", "value-exact-f32-00", *extra]
    done = python(str(script), *options, cwd=here)
    assert done.returncode == Exit.CONFORMS, done.stdout + done.stderr


@pytest.mark.slow
def test_a_callable_on_it(tmp_path: Path) -> None:
    options = ["--subject", "temporal_loss:temporal_loss", "--backend", OWN, "--case", "value-exact-f32-001"]
    done = conformance(*options, "--jsonl", "r.jsonl", cwd=tmp_path)
    assert done.returncode == Exit.CONFORMS, done.stdout + done.stderr
    (subject,) = lines(tmp_path / "r.jsonl")[0]["subjects"]
    assert subject["name"] == "temporal_loss:temporal_loss@own/cpu/plainly"
    assert f"--backend {OWN} " in subject["rerun"]


def test_beside_others_and_named_twice() -> None:
    choices, _ = find.find([OWN, "numpy", "own"], (), ("eager", "again"))
    assert [each.name for each in choices] == ["own/cpu/plainly", "own/cpu/again", "numpy/cpu/eager"]
    choices, _ = find.find(["numpy"], require=[OWN])
    assert [each.name for each in choices] == ["numpy/cpu/eager", "own/cpu/plainly"]


def installed(folder: Path, **backends_of_the_package: str) -> None:
    """Make a package that names backends as entry points, as pip would leave it."""
    info = folder / "theirs-1.0.dist-info"
    info.mkdir()
    info.joinpath("METADATA").write_text(
        "Metadata-Version: 2.1\nName: theirs\nVersion: 1.0\n", encoding="utf-8"
    )
    lines = [f"{name} = {value}\n" for name, value in backends_of_the_package.items()]
    info.joinpath("entry_points.txt").write_text(f"[{backends.GROUP}]\n{''.join(lines)}", encoding="utf-8")


@pytest.mark.slow
def test_one_that_a_package_brings(tmp_path: Path) -> None:
    installed(tmp_path, own=OWN, numpy=OWN)
    options = ["--backend", "own,numpy", "--case", "value-exact-f32-001", "--jsonl", "r.jsonl"]
    done = conformance(*options, cwd=tmp_path)
    assert done.returncode == Exit.CONFORMS, done.stdout + done.stderr
    subjects = lines(tmp_path / "r.jsonl")[0]["subjects"]
    # None takes the place of one of the suite's.
    assert [each["name"] for each in subjects] == ["own/cpu/plainly", "numpy/cpu/eager"]
    assert subjects[0]["rerun"] == "--backend own --device cpu --mode plainly"
    everything = conformance("--list", cwd=tmp_path)
    assert any(line.startswith("own/cpu/plainly: ") for line in everything.stdout.splitlines())


def test_a_package_that_calls_it_otherwise(tmp_path: Path) -> None:
    installed(tmp_path, other=OWN)
    done = conformance("--backend", "other", "--list", cwd=tmp_path)
    assert done.returncode == Exit.USAGE
    (line,) = done.stderr.splitlines()
    assert "the entry point of that name in temporal_loss.backends is a backend 'own'" in line


def test_what_it_lacks_is_unsupported(tmp_path: Path) -> None:
    cases = "value-exact-f32-001,value-exact-f64-001,norm-exact-f64-001"
    done = conformance(
        "--backend", "own_backend:LACKING", "--case", cases, "--jsonl", "r.jsonl", cwd=tmp_path
    )
    assert done.returncode == Exit.CONFORMS, done.stdout + done.stderr
    found = {
        v["case"]: (v["status"], v["reason"]) for v in lines(tmp_path / "r.jsonl") if v["type"] == "verdict"
    }
    assert found == {
        "value-exact-f32-001": ("unsupported", "lacking has no float32: too narrow"),
        "value-exact-f64-001": ("pass", ""),
        "norm-exact-f64-001": ("unsupported", "lacking has no temporal_norm: no roots"),
    }


def test_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(backends.load(OWN)), "available", lambda _: "no luck")
    with pytest.raises(backends.UsageError, match=r"asked for but absent: own [(]no luck[)]"):
        find.find([OWN])


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("own_backend", "or name your own as package.module:OBJECT"),
        (":OWN", "write it as package.module:OBJECT"),
        ("no_such_module:OWN", "no module 'no_such_module' here or among the installed packages"),
        ("own_backend:NO_SUCH", "module 'own_backend' has no 'NO_SUCH'"),
        ("own_backend:Own", "not a Backend of conformance.subjects.backends.protocol but a ABCMeta"),
        ("own_backend:NAMELESS", "it has no name"),
        ("own_backend:IMPOSTOR", "its name 'torch' is that of another backend"),
        ("own_backend:OWN,own_backend:SECOND_OF_THE_NAME", "its name 'own' is that of another backend"),
    ],
)
def test_errors_of_use_are_one_line(spec: str, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--backend", spec, "--list"]) == Exit.USAGE
    (line,) = capsys.readouterr().err.splitlines()
    assert words in line


def test_a_module_that_fails(tmp_path: Path) -> None:
    tmp_path.joinpath("broken_backend.py").write_text("1 / 0\n", encoding="utf-8")
    done = conformance("--backend", "broken_backend:OWN", cwd=tmp_path)
    assert done.returncode == Exit.NOT_STARTED
    assert "importing it failed: ZeroDivisionError" in done.stderr
    assert "Traceback" not in done.stderr
