"""What JAX's mode "sharded" does where there are two devices; prints one line of JSON.

`test_sharded` runs this file in a process of its own.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=2"

from conformance.model import Array, Op, Request
from conformance.subjects import backends, find
from conformance.subjects.backends import jax_backend
from conformance.subjects.native import NativeSubject

JAX = backends.load("jax")
SHAPES = {
    "frames": {"keypoints": (4, 6), "confidences": (4, 3), "segment_ids": (4,), "epsilon": (2,)},
    "batch": {"keypoints": (2, 4, 3, 2), "confidences": (2, 4, 3), "segment_ids": (2, 4)},
    "odd": {"keypoints": (3, 6), "confidences": (3, 3), "segment_ids": (3,)},
    "wrong": {"keypoints": (), "confidences": (4,), "segment_ids": (3, 4)},
}


class Constant(NativeSubject):
    """Answers on one device, whatever it is given."""

    def __init__(self, device: str) -> None:
        super().__init__("constant", JAX, device, "sharded")
        self._lone = JAX.xp().numpy.zeros(())

    def function(self, request: Request) -> Any:
        del request
        return lambda _: {"loss": self._lone}


def parts(shapes: dict[str, tuple[int, ...]], device: str) -> dict[str, list[Any]]:
    """Shape of each input's part on one device, and the devices in their order."""
    place = JAX._devices()[device]
    inputs = {name: JAX.xp().device_put(JAX.xp().numpy.zeros(shape), place) for name, shape in shapes.items()}
    spread = jax_backend._spread(JAX.xp(), inputs)
    return {
        name: [list(value.sharding.shard_shape(value.shape)), [d.id for d in value.sharding.mesh.devices]]
        for name, value in spread.items()
    }


def main() -> None:
    keypoints = Array("float32", (2, 2), (0.0, 0.0, 3.0, 4.0))
    answer = Constant("cpu:0").answer(Request("r", Op.VALUE, {"keypoints": keypoints}, {}))
    found = {
        "parts": {name: parts(shapes, "cpu:0") for name, shapes in SHAPES.items()},
        "second": parts(SHAPES["frames"], "cpu:1"),
        "constant": str(answer),
        "names": [choice.name for choice in find.find(["jax"], (), ["sharded"])[0]],
    }
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
