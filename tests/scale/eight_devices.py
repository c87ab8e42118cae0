"""Compile the loss for eight devices and print, as JSON, what they exchange and what comes out.

`test_jax_sharding` runs this file in a process of its own.
"""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path
from typing import Any

import jax
from jax.sharding import AxisType, NamedSharding, PartitionSpec

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.scale_jax import DEVICES, KEYPOINTS, ask_for_devices, compiled_for, exchanges, spread
from temporal_loss import temporal_loss, temporal_loss_and_grad

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

    @jax.jit  # type: ignore[untyped-decorator]
    @jax.sharding.auto_axes(out_sharding=PartitionSpec())  # type: ignore[untyped-decorator]
    def loss(keypoints: Any, confidences: Any) -> Any:
        return temporal_loss(keypoints, confidences, epsilon=EPSILON, prob_threshold=0.5)

    with jax.set_mesh(mesh):
        return outcome(loss.lower(*arrays).compile(), *arrays)


def both(arrays: Any) -> dict[str, Any]:
    """Value and gradient in one: what is exchanged, what comes out, and how it is laid out."""
    function = partial(temporal_loss_and_grad, epsilon=EPSILON, prob_threshold=0.5)
    compiled = jax.jit(function).lower(*arrays).compile()
    value, gradient = compiled(*arrays)
    single = temporal_loss_and_grad(*map(jax.device_get, arrays), epsilon=EPSILON, prob_threshold=0.5)
    return {
        "exchanges": exchanges(compiled.as_text()),
        "value": float(value),
        "gradient": [float(gradient[0, 0]), float(gradient[99, 0]), float(gradient[100, 1])],
        "as on one device": bool((jax.device_get(gradient) == single[1]).all()),
        "frames per device": sorted({shard.data.shape[0] for shard in gradient.addressable_shards}),
    }


def main() -> None:
    ask_for_devices()
    arrays = spread(FRAMES)
    found = {
        "mean": outcome(compiled_for(arrays), *arrays),
        "gradient": outcome(compiled_for(arrays, jax.grad(temporal_loss)), *arrays),
        "none": outcome(compiled_for(arrays, reduction="none"), *arrays),
        "explicit": explicit(),
        "both": both(arrays),
    }
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
