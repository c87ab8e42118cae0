"""`python -m temporal_loss`: what it prints and writes, and its errors of one line."""

from __future__ import annotations

import base64
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("numpy", reason="recordings are read with NumPy, which is not installed")
pytest.importorskip("click", reason="click, of the extra command, is not installed")

from temporal_loss.__main__ import main

from .files import deeplabcut, write

if TYPE_CHECKING:
    from pathlib import Path

COLUMNS = [("", part, coord) for part in ("nose", "[b]tail") for coord in ("x", "y", "likelihood")]
# Steps of 5, 10 and 0 px, and of 0, 3 and 3 px. Confidence of the tail is low in frame 1.
ROWS = [[0, 0, 1, 1, 1, 1], [3, 4, 1, 1, 1, 0.25], [9, 12, 1, 1, 4, 1], [9, 12, 1, 4, 4, 1]]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return write(tmp_path, deeplabcut(COLUMNS, ROWS), "walk.csv")


def printed(capsys: pytest.CaptureFixture[str], *arguments: object) -> list[str]:
    assert main([str(argument) for argument in arguments]) == 0
    output = capsys.readouterr()
    assert output.err == ""
    return [line.rstrip() for line in output.out.splitlines()]


def complaint(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert main([str(argument) for argument in arguments]) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err[:-1].isprintable()  # one line
    return output.err.removeprefix("python -m temporal_loss: ").rstrip()


def test_what_is_printed(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(capsys, table, "--epsilon", "2", "--prob-threshold", "0.5") == [
        f"{table}: DeepLabCut-style CSV, 4 frames, 2 keypoints",
        "keypoint  median step  99 % = suggested epsilon  masked  missing",
        "nose             5 px                    9.9 px    0.0%     0.0%",
        "[b]tail          3 px                      3 px   66.7%     0.0%",
        "",
        "Loss with epsilon 2 px: 2",
        "",
        "Worst steps (frames count from 0):",
        "into frame  keypoint   step  beyond epsilon",
        "         2  nose      10 px            8 px",
        "         1  nose       5 px            3 px",
        "         3  [b]tail    3 px            1 px",
    ]
    lines = printed(capsys, table, "--top", "1")
    assert lines[-4:] == [*lines[-4:-1], "         2  nose      10 px          0.1 px"]
    assert "Loss with epsilon auto: 0.0166667" in lines
    assert printed(capsys, table, "--epsilon", "20")[-1] == "No step is longer than epsilon."


def test_an_epsilon_for_each_keypoint(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(capsys, table, "--epsilon", "8,2.5")
    assert "Loss with epsilon 8 px, 2.5 px: 0.5" in lines
    assert [line.split() for line in lines[-3:]] == [
        ["2", "nose", "10", "px", "2", "px"],
        ["2", "[b]tail", "3", "px", "0.5", "px"],
        ["3", "[b]tail", "3", "px", "0.5", "px"],
    ]


def test_confidences_that_are_no_likelihood_are_told(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(capsys, table)[1].startswith("keypoint")
    rows = [[*row[:2], 100 * t, *row[3:5], -1] for t, row in enumerate(ROWS)]
    rows[0][5] = ""
    table.write_text(deeplabcut(COLUMNS, rows))
    assert printed(capsys, table, "--prob-threshold", "0.9")[1:3] == [
        "  1 confidence missing: counted as confident",
        "  6 confidences outside 0 to 1: is this column a likelihood?",
    ]


def test_the_hint_on_nan_counts_what_is_not_masked(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    columns = [("", "nose", coord) for coord in ("x", "y", "likelihood")]
    table.write_text(deeplabcut(columns, [[0, 0, 1], [3, 4, 1], ["", "", 0], [3, 4, 1], ["", "", 1]]))
    lines = printed(capsys, table, "--prob-threshold", "0.5")
    hint = lines[lines.index("Loss with epsilon auto: nan") + 1]
    assert hint.startswith("  25.0% of the steps touch a missing position and are not masked: ")


def test_notes_and_the_hint_on_nan(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    columns = [("", "[b]nose", coord) for coord in ("x", "y", "x_var")]
    table.write_text(deeplabcut(columns, [[0, 0, 1], [3, 4, 1], ["", "", 1], [3, 4, 1]]))
    lines = printed(capsys, table, "--prob-threshold", "0.5")
    assert lines[1:4] == [
        "  columns ignored: x_var",
        "  missing in more than a fifth of the frames: [b]nose in 25%",
        "  no confidences in the file: the threshold leaves nothing out",
    ]
    at = lines.index("Loss with epsilon auto: nan")
    assert lines[at + 1].startswith("  66.7% of the steps touch a missing position and are not masked: ")
    assert [line.split()[-2:] for line in lines if line.startswith("[b]nose")] == [["0.0%", "66.7%"]]
    text = "\n".join(lines := printed(capsys, table, "--nan-policy", "omit"))
    assert [line.split()[-2:] for line in lines if line.startswith("[b]nose")] == [["66.7%", "66.7%"]]
    assert "Loss with epsilon auto: 0\n" in text
    assert "leaves" not in text


LEFT = "No step is left to judge: {}. The loss says nothing of the motion."


@pytest.mark.parametrize(
    ("rows", "options", "why"),
    [
        ([[0, 0, 0.5], [3, 4, 0.5]], ["--prob-threshold", "1"], "all are masked"),
        ([["", "", 1]] * 3, ["--nan-policy", "omit"], "none has a length"),
        ([["", "", 1]] * 3, [], "none has a length"),
        # Masked, and from there to what is missing.
        (
            [[0, 0, 0], [3, 4, 1], ["", "", 1]],
            ["--prob-threshold", "0.5"],
            "all are masked or have no length",
        ),
    ],
)
def test_a_recording_of_which_nothing_is_left_is_not_a_good_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], rows: list[list[object]], options: list[str], why: str
) -> None:
    path = write(tmp_path, deeplabcut(COLUMNS[:3], rows))
    lines = printed(capsys, path, *options)
    assert lines[-2].startswith("Loss with epsilon auto: ")
    assert lines[-1] == LEFT.format(why)


def test_scores(table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out.csv"
    out.write_text("old and longer " * 100)
    printed(capsys, table, "--scores", out)
    assert out.read_text() == ",nose,[b]tail\n0,,\n1,5.0,0.0\n2,10.0,3.0\n3,0.0,3.0\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.csv", "walk.csv"]


@pytest.mark.parametrize(("ending", "start"), [("png", b"\x89PNG"), ("SVG", b"<?xml"), ("pdf", b"%PDF")])
def test_pictures(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], ending: str, start: bytes
) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib, of the extra command, is not installed")
    printed(capsys, table, "--plot", tmp_path / f"out.{ending}")
    assert (tmp_path / f"out.{ending}").read_bytes().startswith(start)


def test_what_is_drawn(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib, of the extra command, is not installed")
    from matplotlib.figure import Figure  # noqa: PLC0415 - after the skip

    from temporal_loss.recordings import examine, plot  # noqa: PLC0415

    drawn: list[Figure] = []
    monkeypatch.setattr(Figure, "savefig", lambda figure, *_, **__: drawn.append(figure))
    plot.draw(examine(table, epsilon=2, prob_threshold=0.5, top=2), ".png", "")
    nose, tail = drawn[0].axes
    assert [chart.get_title(loc="left") for chart in (nose, tail)] == ["nose", "[b]tail"]
    steps, kept, epsilon, worst = nose.lines
    assert steps.get_ydata()[1:].tolist() == kept.get_ydata()[1:].tolist() == [5, 10, 0]
    assert list(epsilon.get_ydata()) == [2, 2]
    assert worst.get_xydata().tolist() == [[2, 10], [1, 5]]
    assert tail.lines[0].get_ydata()[1:].tolist() == [0, 3, 3]
    assert str(tail.lines[1].get_ydata().tolist()) == "[nan, nan, nan, 3.0]"
    assert tail.lines[3].get_xydata().tolist() == []


def test_a_page_holds_what_is_printed_and_the_picture(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib, of the extra command, is not installed")
    odd = table.rename(tmp_path / "a&b.csv")
    lines = printed(capsys, odd, "--plot", tmp_path / "out.html")
    page = (tmp_path / "out.html").read_text()
    assert "<h1>Steps of a&amp;b.csv</h1>" in page
    assert lines[-1] in page
    found = re.search(r'src="data:image/png;base64,([^"]+)"', page)
    assert found
    assert base64.b64decode(found[1]).startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Missing argument 'FILE'. Try --help."),
        (["."], ".: is a folder, expected a file"),
        ([""], ".: is a folder, expected a file"),
        (["none.csv"], "none.csv: cannot be read (No such file or directory)"),
        (["a.mat"], "a.mat: has the ending .mat, expected .csv, .npy or .npz, or with the extra recordings"),
        (
            ["TABLE", "--epsilon", "much"],
            "Invalid value for '--epsilon': 'much' is neither a number of pixels, finite and not negative,",
        ),
        *(
            (["none.csv", "--epsilon", text], f"Invalid value for '--epsilon': '{text}' is neither a number")
            for text in ("-1", "nan", "inf", "", "1,", "1,-1", "1,auto")
        ),
        *(
            (
                ["TABLE", "--epsilon", text],
                f"Invalid value for '--epsilon': found {count} numbers, expected 1, or 2 for nose, [b]tail",
            )
            for text, count in (("1,2,3", 3), ("1,2,3,4", 4))
        ),
        (
            ["TABLE", "--prob-threshold", "90"],
            "Invalid value for '--prob-threshold': '90' is not a number from 0 to 1",
        ),
        *(
            (
                ["TABLE", "--prob-threshold", text],
                f"Invalid value for '--prob-threshold': '{text}' is not a n",
            )
            for text in ("x", "nan", "-0.1")
        ),
        (["TABLE", "--nan-policy", "drop"], "Invalid value for '--nan-policy': 'drop'"),
        *(
            (["TABLE", "--top", text], f"Invalid value for '--top': '{text}' is not an integer of at least 1")
            for text in ("x", "0", "1.5", "nan")
        ),
        (["TABLE", "--scores", "-"], "Invalid value for '--scores': '-' is not standard output here,"),
        (["TABLE", "--plot", "out.jpg"], "Invalid value for '--plot': 'out.jpg' does not end in .html, .png"),
        (
            ["TABLE", "--scores", "none/out.csv"],
            "Could not open file 'none/out.csv': No such file or directory",
        ),
        (["TABLE", "--plt", "out.png"], "No such option"),
        (["TABLE", "more.csv"], "Got unexpected extra argument (more.csv). Try --help."),
    ],
)
def test_errors_are_one_line(
    table: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    given = [str(table) if argument == "TABLE" else argument for argument in arguments]
    assert complaint(capsys, *given).startswith(message)


@pytest.mark.parametrize(
    ("arguments", "same"),
    [
        (["walk.csv", "--scores", "walk.csv"], ("FILE", "--scores")),
        (["walk.csv", "--scores", "../HERE/walk.csv"], ("FILE", "--scores")),
        (["walk.csv", "--scores", "linked.csv"], ("FILE", "--scores")),
        (["linked.csv", "--scores", "walk.csv"], ("FILE", "--scores")),
        (["walk.csv", "--scores", "folder/walk.csv"], ("FILE", "--scores")),
        (["walk.csv", "--plot", "linked.html"], ("FILE", "--plot")),
        (["walk.csv", "--plot", "hard.svg"], ("FILE", "--plot")),
        (["walk.csv", "--scores", "out.html", "--plot", "out.html"], ("--scores", "--plot")),
        (["walk.csv", "--scores", "out.html", "--plot", "folder/out.html"], ("--scores", "--plot")),
        (["walk.csv", "--scores", "dangling.csv", "--plot", "out.html"], ("--scores", "--plot")),
        # Before anything is read.
        (["none.csv", "--scores", "none.csv"], ("FILE", "--scores")),
    ],
)
def test_no_file_is_written_over_what_is_read_or_written(
    table: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    same: tuple[str, str],
) -> None:
    first, second = same
    folder, before = table.parent, table.read_bytes()
    monkeypatch.chdir(folder)
    for link in ("linked.csv", "linked.html"):
        (folder / link).symlink_to("walk.csv")
    (folder / "dangling.csv").symlink_to("out.html")
    (folder / "folder").symlink_to(".", target_is_directory=True)
    (folder / "hard.svg").hardlink_to(table)
    there = sorted(folder.iterdir())
    given = [argument.replace("HERE", folder.name) for argument in arguments]
    message = complaint(capsys, *given)
    path = given[given.index(second) + 1]
    assert message == f"Invalid value for '{second}': '{path}' is the same file as {first}, expected another"
    assert table.read_bytes() == before
    assert sorted(folder.iterdir()) == there


def test_two_files_of_a_name_are_not_the_same(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "folder").mkdir()
    printed(capsys, table, "--scores", tmp_path / "folder" / table.name)
    assert (tmp_path / "folder" / table.name).read_text().startswith(",nose")


def test_nothing_is_left_of_a_file_that_cannot_be_written(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out.csv"
    out.write_text("before")

    def fail(path: Path, content: bytes) -> None:
        with path.open("wb") as file:
            file.write(content[:5])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", fail)
    assert "No space left on device" in complaint(capsys, table, "--scores", out)
    assert out.read_text() == "before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.csv", "walk.csv"]


@pytest.mark.parametrize(
    ("missing", "arguments"),
    [
        ("click", ["walk.csv"]),
        ("rich", ["walk.csv"]),
        ("numpy", ["walk.csv"]),
        ("matplotlib", ["none", "--plot", "a.png"]),
    ],
)
def test_what_is_not_installed_is_one_line(table: Path, missing: str, arguments: list[str]) -> None:
    code = (
        f"import sys; sys.modules[{missing!r}] = None; import temporal_loss.__main__ as m; sys.exit(m.main())"
    )
    command = [
        sys.executable,
        "-c",
        code,
        *(str(table) if word == "walk.csv" else word for word in arguments),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own
    message = f'needs {missing}, which the extra command brings: pip install "temporal-loss[command]"'
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"python -m temporal_loss: {message}\n"


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help(capsys: pytest.CaptureFixture[str], option: str) -> None:
    text = "\n".join(printed(capsys, option))
    assert text.startswith("Usage: python -m temporal_loss [OPTIONS] FILE")
    assert "(not to -)" in text


def test_as_a_program(table: Path) -> None:
    command = [sys.executable, "-m", "temporal_loss", str(table)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - our own
    assert "Worst steps (frames count from 0):\n" in done.stdout
    assert done.stderr == ""
