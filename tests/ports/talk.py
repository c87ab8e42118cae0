"""What the tests of ports share: questions with answers worked by hand, and ways to ask them."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from conformance.model import Array, Case, ErrorKind, Expected, Op, Verdict
from conformance.port.limits import Limits
from conformance.port.subject import PortChoice, PortCommand, meet
from conformance.run.plan import Plan, Trial
from conformance.run.runner import Runner

HOSTILE = Path(__file__).with_name("hostile.py")


def _case(name: str, values: tuple[float, ...], due: float, budget: float) -> Case:
    return Case(
        id=name,
        clauses=("TL-2",),
        description="a question of the tests of ports",
        flags=(),
        op=Op.VALUE,
        dtype="float64",
        inputs={"keypoints": Array("float64", (len(values) // 2, 2), values)},
        params={},
        expected={"loss": Expected(Array("float64", (), (due,)), (budget,), (budget,))},
    )


FIVE = _case("one-step-of-3-4", (0.0, 0.0, 3.0, 4.0), 5.0, 0.0)
MEAN = _case("steps-of-5-and-10", (0.0, 0.0, 3.0, 4.0, 3.0, 14.0), 7.5, 0.0)
NEAR = _case("budget-of-one-eighth", (0.0, 0.0, 3.0, 4.0), 5.0, 0.125)
LONG = _case("longer-than-a-pipe", tuple(float(i % 7) for i in range(20_000)), 0.0, 100.0)
REFUSED = Case(
    id="an-odd-width",
    clauses=("TL-10.2",),
    description="to be refused",
    flags=(),
    op=Op.VALUE,
    dtype="float64",
    inputs={"keypoints": Array("float64", (2, 3), (0.0,) * 6)},
    params={},
    error=ErrorKind.SHAPE,
)


def command(name: str, *arguments: str) -> str:
    """Return the command line of a hostile port."""
    # Without site-packages a Python starts in a third of the time, and fixtures need none.
    return shlex.join([sys.executable, "-S", str(HOSTILE), name, *arguments])


def port(line: str, limits: Limits | None = None, trace: str = "", *, one_shot: bool = False) -> PortChoice:
    """Shake hands with a port."""
    return meet(PortCommand(line, one_shot, limits or Limits(), trace))[0]


def ask(choice: PortChoice, *cases: Case) -> list[Verdict]:
    """Put cases to a port as the runner does."""
    runner = Runner(Plan())
    try:
        return [runner.run(Trial(choice, case)) for case in cases]
    finally:
        runner.close()
