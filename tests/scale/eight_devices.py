"""Compile the loss for eight devices and print, as JSON, what they exchange and what comes out.

`test_jax_sharding` runs this file in a process of its own.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import jax
from jax.sharding import AxisType, NamedSharding, PartitionSpec

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.scale_jax import DEVICES, KEYPOINTS, ask_for_devices, compiled_loss, exchanges, spread
from temporal_loss import temporal_loss

FRAMES = 100 * DEVICES
EPSILON = [1.0] * KEYPOINTS


def outcome(compiled: Any, *arrays: Any) -> dict[str, Any]:
    """What is exchanged, and the sum of what comes out."""
    return {"exchanges": exchanges(compiled.as_text()), "value": float(compiled(*arrays).sum())}


def explicit() -> dict[str, Any]:
    """The same on the kind of mesh that `jax.make_mesh` makes unless told otherwise."""
    mesh = jax.make_mesh((DEVICES,), ("frames",), axis_types=(AxisType.Explicit,))
    sharding = NamedSharding(mesh, PartitionSpec("frames", None))
    arrays = [jax.device_put(array, sharding) for array in spread(FRAMES)]

    @jax.jit
    @jax.sharding.auto_axes(out_sharding=PartitionSpec())
    def loss(keypoints: Any, confidences: Any) -> Any:
        return temporal_loss(keypoints, confidences, epsilon=EPSILON, prob_threshold=0.5)

    with jax.set_mesh(mesh):
        return outcome(loss.lower(*arrays).compile(), *arrays)


def main() -> None:
    ask_for_devices()
    arrays = spread(FRAMES)
    found = {
        "mean": outcome(compiled_loss(arrays, epsilon=EPSILON), *arrays),
        "gradient": outcome(compiled_loss(arrays, gradient=True, epsilon=EPSILON), *arrays),
        "none": outcome(compiled_loss(arrays, epsilon=EPSILON, reduction="none"), *arrays),
        "explicit": explicit(),
    }
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
