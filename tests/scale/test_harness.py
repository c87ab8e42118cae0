"""The measurements themselves: fair turns, honest verdicts, a memory meter that can see too much."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from support.selection import under_test

pytestmark = pytest.mark.slow
under_test("numpy")
pytest.importorskip("pyperf", reason="pyperf, which only measuring needs, is not installed")

from benchmarks import backends, formulas, inputs, interleave, memory, page, tricks  # noqa: E402
from benchmarks.results import Point, Results, Row  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable

PROJECT = Path(__file__).parents[2]
MACHINE = {
    "date": "2026-01-01", "processor": "p", "cores": 2, "memory_gib": 1, "system": "s", "device": "cpu",
    "python": "3", "versions": {}, "load_before": 0.0, "busy": False,
}  # fmt: skip


@pytest.fixture
def turns(monkeypatch: pytest.MonkeyPatch) -> tuple[dict[str, Callable[[], None]], list[str]]:
    """Contenders on a clock that only they move, and the order in which they came."""
    now, order = [0.0], []
    monkeypatch.setattr(interleave, "clock", lambda: now[0])

    def contender(name: str, seconds: float) -> Callable[[], None]:
        def call() -> None:
            order.append(name)
            now[0] += seconds

        return call

    return {name: contender(name, seconds) for name, seconds in (("a", 0.25), ("b", 0.5), ("c", 1.0))}, order


def test_every_contender_has_one_sample_a_round(
    turns: tuple[dict[str, Callable[[], None]], list[str]],
) -> None:
    contenders, order = turns
    timings = interleave.interleave(contenders, seconds=20.0)
    rounds = {len(timing.seconds) for timing in timings.values()}
    assert len(rounds) == 1
    samples = order[-3 * rounds.pop() :]
    by_round = [samples[start : start + 3] for start in range(0, len(samples), 3)]
    assert all(sorted(each) == ["a", "b", "c"] for each in by_round)
    # Nobody always follows the same neighbour.
    assert len({tuple(each) for each in by_round}) > 2


def test_medians_and_ratio(turns: tuple[dict[str, Callable[[], None]], list[str]]) -> None:
    contenders, _ = turns
    timings = interleave.interleave(contenders, seconds=0.0)
    assert [timings[name].median for name in "abc"] == [0.25, 0.5, 1.0]
    assert timings["b"].compared(timings["a"]) == (2.0, 2.0, 2.0)
    assert all(len(timing.seconds) == 3 for timing in timings.values())


def test_quick_calls_are_repeated_within_a_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(interleave, "clock", lambda: now[0])

    def call() -> None:
        now[0] += 2.0**-20

    timing = interleave.interleave({"quick": call}, seconds=0.0)["quick"]
    assert timing.loops * 2.0**-20 >= 0.0003
    assert timing.median == 2.0**-20


def test_samples_are_read_by_pyperf(
    turns: tuple[dict[str, Callable[[], None]], list[str]], tmp_path: Path
) -> None:
    import pyperf  # noqa: PLC0415

    interleave.save(list(interleave.interleave(turns[0], seconds=0.0).values()), tmp_path / "samples.json")
    suite = pyperf.BenchmarkSuite.load(str(tmp_path / "samples.json"))
    assert {each.get_name(): each.median() for each in suite} == {"a": 0.25, "b": 0.5, "c": 1.0}


@pytest.mark.parametrize(
    ("row", "verdict"),
    [
        (Row("g", "w", "s", value=2.0, target=2.0), "met"),
        (Row("g", "w", "s", value=2.1, target=2.0), "missed"),
        (Row("g", "w", "s", value=2.1, target=2.0, at_least=True), "met"),
        (Row("g", "w", "s", value=1.9, target=2.0, at_least=True), "missed"),
        (Row("g", "w", "s", value=float("nan"), target=2.0), "missed"),
        (Row("g", "w", "s", value=2.0), "no target"),
        (Row("g", "w", "s", target=2.0, absent="no torch"), "not measured: no torch"),
    ],
)
def test_verdict(row: Row, verdict: str) -> None:
    assert row.verdict == verdict


def test_results_are_read_as_written(tmp_path: Path) -> None:
    row = Row("g", "w", "s", "a", 2.0, target=3.0, seconds=1.0, other_seconds=0.5, spread=[1.5, 2.5])
    results = Results("CPU", MACHINE, rows=[row], points=[Point("NumPy", 100, 0.1)])
    results.write(tmp_path / "cpu.json")
    assert Results.read(tmp_path / "cpu.json") == results


def test_page_tells_of_a_missing_device_and_of_no_other() -> None:
    results = Results("CPU", MACHINE, rows=[Row("g", "a | b", "s", value=2.0, target=1.0)])
    on_device = replace(results, machine=MACHINE | {"device": "A100"})
    text = page.render([results], "plot.svg")
    assert page.NO_DEVICE in text
    assert page.NO_DEVICE not in page.render([results, on_device], "plot.svg")
    assert "| a \\| b | s |  | 2 x | at most 1 x | missed |" in text


def test_a_cuda_run_without_a_device_is_told_once() -> None:
    results = Results(
        "CUDA", MACHINE | {"device": "no CUDA device"}, rows=[Row("CUDA", "w", "s", absent="none")]
    )
    text = page.render([results], "plot.svg")
    assert text.count(page.NO_DEVICE) == 1
    assert text.count("\n## CUDA\n") == 1


def test_what_is_to_be_known_of_a_run_is_printed_and_on_the_page(capsys: pytest.CaptureFixture[str]) -> None:
    plain = Results("CPU", MACHINE, rows=[Row("g", "w", "s", value=1.0, target=2.0)])
    assert page.notes(plain) == []
    told = replace(plain, quick=True, clock="cpu", machine=MACHINE | {"busy": True})
    page.show(told, page.console())
    printed = " ".join(capsys.readouterr().out.split())
    notes = page.notes(told)
    assert [word for note in notes for word in ("no verdict", "one thread", "busy") if word in note] == [
        "no verdict",
        "one thread",
        "busy",
    ]
    for note in notes:
        assert note in printed
        assert note in page.render([told], "plot.svg")


def test_partial_runs_are_written_elsewhere() -> None:
    assert page.root(partial=False) == PROJECT
    assert page.root(partial=True) == PROJECT / "build"


def test_memory_meter_sees_blocks_and_would_see_whole_arrays(tmp_path: Path) -> None:
    under_test("torch")
    pytest.importorskip("memray", reason="memray, which only measuring needs, is not installed")
    files = inputs.files(tmp_path, 500_000, memory.KEYPOINTS)
    blocked, whole = (memory.peak(name, files) for name in ("NumPy", "torch eager, forward and backward"))
    # What is recorded for a gradient is at least the differences, as large as the keypoints.
    assert blocked < 500_000 * 2 * memory.KEYPOINTS * 4 / 4
    assert whole > 500_000 * 2 * memory.KEYPOINTS * 4


@pytest.mark.parametrize(
    ("name", "library"),
    [("NumPy", "numpy"), ("torch eager", "torch"), ("JAX eager", "jax"), ("jax.jit", "jax")],
)
def test_a_trick_is_switched_off_for_its_call_alone_and_changes_no_value(name: str, library: str) -> None:
    under_test(library)
    for trick in [trick for trick in tricks.TRICKS if trick.backend == name]:
        before = tricks.settings(trick)
        # As few frames as all tricks still see.
        frames, keypoints = trick.size
        arrays = inputs.recording(min(frames, 250_000), keypoints)
        calls = [make(*arrays) for make in tricks.comparison(trick).contenders.values()]
        ours, simple = (_arrays(call()) for call in calls)
        for one, other in zip(ours, simple, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-9, err_msg=trick.what)
        assert tricks.settings(trick) == before


def test_a_trick_is_off_while_its_call_runs_and_is_made() -> None:
    trick = next(trick for trick in tricks.TRICKS if trick.what == "in blocks")
    seen = []

    def see(*_: Any) -> Callable[[], None]:
        seen.append(tricks.settings(trick)[0][-1])
        return lambda: seen.append(tricks.settings(trick)[0][-1])

    ours, simple = tricks.comparison(trick._replace(make=see)).contenders.values()
    ours(None, None)()
    simple(None, None)()
    size = tricks.settings(trick)[0][-1]
    assert seen == [size, size, 1 << 62, 1 << 62]


# torch.compile calls the same function by hand as torch with its backward.
@pytest.mark.parametrize(
    ("name", "library"),
    [("NumPy", "numpy"), ("torch eager", "torch"), (backends.TRAINED, "torch"), ("jax.jit", "jax")],
)
def test_arithmetic_by_hand_is_the_same_loss(name: str, library: str) -> None:
    under_test(library)
    arrays = inputs.recording(32, 17)
    ours, by_hand = (_arrays(make(*arrays)()) for make in (backends.library(name), formulas.by_hand(name)))
    np.testing.assert_allclose(ours, by_hand, rtol=1e-5)
    assert ours[0] > 0


def test_who_cannot_be_called_has_a_row_that_says_why() -> None:
    def missing(*_: Any) -> Any:
        message = "No module named 'optax'\nat all"
        raise ImportError(message)

    others = {"a peer": (missing, 2.0), "itself": (backends.library("NumPy"), 1.0)}
    comparison = interleave.versus("g", "w", (32, 17), backends.library("NumPy"), others)
    absent, measured, *samples = comparison.measured(seconds=0.0)
    assert (absent.verdict, absent.target) == ("not measured: No module named 'optax'", 2.0)
    assert measured.value == measured.seconds / measured.other_seconds
    assert [each.name for each in samples] == ["ours: g: w, T=32 K=17", "itself: g: w, T=32 K=17"]


def test_what_is_added_is_a_difference() -> None:
    twice = interleave.Timing("a", 1, (3e-6, 4e-6, 5e-6)), interleave.Timing("b", 1, (1e-6, 1e-6, 2e-6))
    row = interleave.filled(Row("g", "w", "s", unit="microseconds"), *twice)
    assert row.value == pytest.approx(3.0)
    assert (row.seconds, row.other_seconds) == (4e-6, 1e-6)


def _arrays(found: Any) -> list[Any]:
    parts = found if isinstance(found, tuple) else (found,)
    return [np.asarray(part.detach() if hasattr(part, "detach") else part) for part in parts]


def test_page_is_that_of_the_kept_runs(tmp_path: Path) -> None:
    page.write(PROJECT / "benchmarks" / "results", "benchmarks.svg", tmp_path / "page.md")
    assert (tmp_path / "page.md").read_text() == (PROJECT / "docs" / "benchmarks.md").read_text()


def test_readme_has_the_headline_of_the_kept_run() -> None:
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    results = Results.read(PROJECT / "benchmarks" / "results" / "cpu.json")
    assert page.headline(results) in readme
    assert page.time_line(results) in readme
    assert page.with_headline(readme, results) == readme
    quicker = [replace(row, value=0.0625) if row.size == "T=96 K=17" else row for row in results.rows]
    anew = page.with_headline(readme, replace(results, rows=quicker))
    assert "torch takes 0.062 of the time" in anew
    assert "torch takes longer, 0.062 times at 96 of 17" in anew
