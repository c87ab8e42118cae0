"""Row of the time that importing the package takes, in fresh interpreters."""

from __future__ import annotations

import statistics
import subprocess
import sys
from typing import TYPE_CHECKING

from benchmarks import interleave
from benchmarks.interleave import Timing
from benchmarks.rows import Row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.plan import Plan
    from benchmarks.times import Measured

TARGET = 60.0
_CODE = "from time import {clock} as clock; start = clock(); import temporal_loss; print(clock() - start)"


def imports(plan: Plan) -> Iterator[Measured]:
    """Import, and look at the clock before and after: the start of Python itself is not in it."""
    seconds = []
    code = _CODE.format(clock=interleave.clock.__name__)
    for _ in range(plan.starts):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
        seconds.append(float(done.stdout))
    # The first may have had to compile the files.
    timing = Timing("import temporal_loss", 1, tuple(seconds[1:]))
    median = statistics.median(timing.seconds)
    yield [Row("import", "import temporal_loss", "", value=1e3 * median, unit="ms", target=TARGET)], [timing]
