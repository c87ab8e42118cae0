"""Results files: what one run measured, where and when."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from benchmarks.rows import Point, Row

if TYPE_CHECKING:
    from pathlib import Path


@dataclass
class Results:
    """All that a run has to tell. `title` is a heading of the page."""

    title: str
    machine: dict[str, Any]
    quick: bool = False
    clock: str = "wall"
    rows: list[Row] = field(default_factory=list)
    points: list[Point] = field(default_factory=list)

    def write(self, path: Path) -> None:
        """Write as JSON."""
        data = asdict(self) | {"rows": [row.to_json() for row in self.rows]}
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(data, indent=1) + "\n")

    @classmethod
    def read(cls, path: Path) -> Results:
        """Read what `write` wrote."""
        data = json.loads(path.read_text())
        rows = [Row.from_json(row) for row in data.pop("rows")]
        points = [Point(**point) for point in data.pop("points")]
        return cls(**data, rows=rows, points=points)
