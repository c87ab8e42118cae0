"""What a run finds: lines of the table, each with its target and verdict, and points of the plot."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmarks.interleave import Timing


@dataclass(frozen=True)
class Row:
    """A measured number beside its target.

    `value` is in `unit`: "x" is a ratio to `against`. `seconds` and `other_seconds` are the medians
    behind it, `spread` the quartiles of the ratio round by round. `absent` tells why there is no value.
    """

    group: str
    what: str
    size: str
    against: str = ""
    value: float | None = None
    unit: str = "x"
    target: float | None = None
    at_least: bool = False
    seconds: float | None = None
    other_seconds: float | None = None
    spread: tuple[float, float] | None = None
    absent: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None where there is none, or no value."""
        if self.target is None or self.value is None:
            return None
        return self.value >= self.target if self.at_least else self.value <= self.target

    @property
    def verdict(self) -> str:
        """The same in plain words."""
        if self.absent:
            return f"not measured: {self.absent}"
        return {True: "met", False: "missed", None: "no target"}[self.met]

    @property
    def target_text(self) -> str:
        """The target in words."""
        if self.target is None:
            return ""
        return f"at {'least' if self.at_least else 'most'} {self.target:g} {self.unit}"

    def to_json(self) -> dict[str, Any]:
        """Form in a results file."""
        return asdict(self) | {"verdict": self.verdict}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Row:
        """Read the form of a results file."""
        fields = {name: value for name, value in data.items() if name != "verdict"}
        fields["spread"] = None if fields["spread"] is None else tuple(fields["spread"])
        return cls(**fields)


def ratio_row(  # noqa: PLR0913 - a line has that many columns
    group: str,
    what: str,
    size: str,
    ours: Timing,
    theirs: Timing,
    *,
    against: str,
    target: float | None = None,
) -> Row:
    """Line for a ratio of two timings."""
    value, low, high = ours.compared(theirs)
    return Row(
        group, what, size, against, value, target=target,
        seconds=ours.median, other_seconds=theirs.median, spread=(low, high),
    )  # fmt: skip


@dataclass(frozen=True)
class Point:
    """One backend at one number of frames; `mebibytes` is None where memory was not measured."""

    name: str
    frames: int
    seconds: float
    mebibytes: float | None = None
