"""Run one call under memray and print the most bytes allocated at once; started by `memory`."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import memray

import temporal_loss
from benchmarks import backends, inputs


def main(request: dict[str, Any]) -> None:
    """Prepare, call once for what is only ever made once, then call and watch."""
    found = backends.find(request["name"])
    if isinstance(found, backends.Absent):
        raise SystemExit(found.reason)
    frames = request["frames"]
    dtype = request.get("dtype", "float32")
    keypoints_file, confidences_file = map(Path, request["files"])
    size = Path(confidences_file).stat().st_size // (4 * frames)
    call = found.prepare(
        inputs.opened(keypoints_file, 2 * size, dtype),
        inputs.opened(confidences_file, size),
        function=getattr(temporal_loss, request.get("function", "temporal_loss")),
        epsilon=inputs.epsilons(size),
        prob_threshold=inputs.THRESHOLD,
        reduction=request.get("reduction", "mean"),
    )
    call()
    with tempfile.TemporaryDirectory() as folder:
        record = Path(folder) / "allocations"
        with memray.Tracker(record):
            call()
        # What is mapped or allocated before the tracker starts, the inputs, is not in it.
        print(memray.FileReader(record).metadata.peak_memory)  # noqa: T201


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
