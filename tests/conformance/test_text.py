"""Text from outside: cleaned and shortened where it comes in, whoever it comes from."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from command import conformance
from support.selection import select

from conformance.exits import Exit, UsageError
from conformance.model import Errored, Outputs, Status, Verdict
from conformance.results import Absence, SubjectInfo
from conformance.text import LONGEST, clean, said

if TYPE_CHECKING:
    from pathlib import Path

BAD = "\x1b[31m\x85\u2028\u202e\ud800\n"
CLEANED = "\\x1b[31m\\x85\\u2028\\u202e\\ud800\\n"
TWO = ["--fresh", "0", "--", "-k", "value-exact-f64-001 or value-exact-f64-002"]


class Liar(str):
    """A text that says of itself that all is well with it."""

    __slots__ = ()

    def isprintable(self) -> bool:
        return True

    def __len__(self) -> int:
        return 1

    def __getitem__(self, key: object) -> str:
        return BAD


class MuteError(Exception):
    def __str__(self) -> str:
        raise self


def test_every_record_that_text_comes_into_cleans_it() -> None:
    assert Errored(Status.CRASH, BAD) == Errored(Status.CRASH, CLEANED)
    assert Outputs({BAD: None}, BAD, (BAD,)) == Outputs({CLEANED: None}, CLEANED, (CLEANED,))  # type: ignore[dict-item]
    assert Verdict(BAD, BAD, Status.FAIL, BAD) == Verdict(CLEANED, CLEANED, Status.FAIL, CLEANED)
    assert Absence("a", BAD).reason == SubjectInfo(BAD, "cpu", "eager", "", 1).name == CLEANED
    assert str(UsageError(BAD)) == CLEANED
    assert Verdict("", "", Status.FAIL, "").status is Status.FAIL


def test_texts_are_shortened_and_cleaning_again_changes_nothing() -> None:
    for text in (BAD, BAD * LONGEST, "x" * 10 * LONGEST):
        once = clean(text, LONGEST)
        assert len(once) <= LONGEST + 1
        assert clean(once, LONGEST) == once
        assert once.isprintable()


def test_an_exception_is_asked_for_its_text_with_care() -> None:
    assert said(ValueError(f"first {BAD}second")) == f"first {CLEANED}".removesuffix("\\n")
    assert said(ValueError(Liar(BAD + "x"))) == CLEANED.removesuffix("\\n")
    assert said(MuteError()) == "(a message that cannot be had: MuteError)"


CALLABLE = """\
class Mute(ValueError):
    def __str__(self):
        raise self
class Strange:
    pass
Strange.__qualname__ = "\\x1b[31m\\ud800" + "q" * 10_000_000
def crashes(*_, **__):
    raise RuntimeError("\\x1b[31m\\x85\\u2028\\ud800" + "e" * 30_000_000)
def refuses(*_, **__):
    raise ValueError("\\x1b[31m\\x85\\u2028\\ud800" + "e" * 30_000_000)
def mute(*_, **__):
    raise Mute
def strange(*_, **__):
    return Strange()
"""


@pytest.mark.slow
@pytest.mark.skipif("numpy" not in select().names, reason="the subjects are written in NumPy")
@pytest.mark.parametrize("name", ["crashes", "refuses", "mute", "strange"])
def test_what_a_callable_says_harms_no_report(name: str, tmp_path: Path) -> None:
    tmp_path.joinpath("hostile_texts.py").write_text(CALLABLE, encoding="utf-8")
    reports_stay_readable(tmp_path, "--subject", f"hostile_texts:{name}")


PORT = """\
import json, sys
NAME = "\\x1b[31m\\x85\\u2028" + "n" * 3_000_000
about = {"name": "p", "version": "1", "language": "Python"}
can = {"ops": ["value", "gradient"], "dtypes": ["float32", "float64"], "devices": ["cpu"]}
for line in sys.stdin:
    asked = json.loads(line)
    if asked["cmd"] == "stop":
        break
    if asked["cmd"] == "start":
        said = {"protocol": 1, "port": about, "capabilities": can}
    else:
        array = {"dtype": NAME, "shape": [], "bits": ["00"]}
        said = {"seq": asked["seq"], "device": "cpu", "outputs": {NAME: array, "loss": array}}
    print(json.dumps(said, ensure_ascii=False), flush=True)
"""


@pytest.mark.slow
def test_what_a_port_names_its_outputs_harms_no_report(tmp_path: Path) -> None:
    tmp_path.joinpath("port.py").write_text(PORT, encoding="utf-8")
    reports_stay_readable(tmp_path, "--port", "python3 -S port.py")


BACKEND = """\
from conformance.subjects.backends.numpy_backend import NumpyBackend
BAD = "\\x1b[31m\\x85\\u2028\\ud800" + "b" * 1_000_000
class Hostile(NumpyBackend):
    name = "hostile"
    modes = ("eager", "slow")
    def version(self):
        return BAD
    def lacks(self, device, mode):
        return None if mode == "eager" else BAD
    def dtype_name(self, native):
        return BAD
BACKEND = Hostile()
NAMED = type("Named", (Hostile,), {"name": BAD})()
PLACED = type("Placed", (Hostile,), {"devices": lambda self: ["cpu", BAD]})()
"""


@pytest.mark.slow
@pytest.mark.skipif("numpy" not in select().names, reason="the backend is NumPy's with other words")
def test_what_a_backend_says_harms_no_report(tmp_path: Path) -> None:
    tmp_path.joinpath("hostile_backend.py").write_text(BACKEND, encoding="utf-8")
    reports_stay_readable(tmp_path, "--backend", "hostile_backend:BACKEND", "--mode", "eager,slow")


@pytest.mark.slow
@pytest.mark.skipif("numpy" not in select().names, reason="the backend is NumPy's with other words")
@pytest.mark.parametrize("name", ["NAMED", "PLACED"])
def test_words_of_a_backend_that_cannot_be_shown_are_refused(name: str, tmp_path: Path) -> None:
    tmp_path.joinpath("hostile_backend.py").write_text(BACKEND, encoding="utf-8")
    done = conformance("--backend", f"hostile_backend:{name}", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (Exit.USAGE, "")
    (line,) = done.stderr.splitlines()
    assert "cannot be shown: \\x1b[31m" in line
    assert line.isprintable()
    assert len(line) < 500


def reports_stay_readable(folder: Path, *subject: str) -> None:
    """The run ends as one that does not conform, every report is small and clean, and is read again."""
    files = {kind: folder / f"r.{kind}" for kind in ("jsonl", "markdown", "html", "junit")}
    options = [word for kind, path in files.items() for word in (f"--{kind}", str(path))]
    done = conformance(*subject, *options, *TWO, cwd=folder)
    assert done.returncode == Exit.DOES_NOT, done.stdout[-2000:] + done.stderr[-2000:]
    assert done.stderr == ""
    shown = [done.stdout, *(path.read_text(encoding="utf-8") for path in files.values())]
    for text in shown:
        assert len(text) < 500_000
        assert [c for c in text if not c.isprintable() and c != "\n"] == []
    verdicts = [json.loads(line) for line in shown[1].splitlines()][1:-1]
    assert len(verdicts) == 2
    assert {v["status"] for v in verdicts} <= {"fail", "crash", "wrongly-rejected"}
    again = conformance("diff", "r.jsonl", "r.jsonl", cwd=folder)
    assert (again.returncode, again.stdout) == (Exit.CONFORMS, "no verdict changed\n")
