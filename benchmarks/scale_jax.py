"""JAX: the jitted loss, and its gradient, on 8 devices that share the frames, and what these send each other.

Run `python -m benchmarks.scale_jax`. The devices are 8 parts of this machine's processor, which says nothing
of speed, but the compiled text is the same as for 8 machines: what it sends, they would send.
"""

from __future__ import annotations

import os
import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click
import jax

from benchmarks import page
from benchmarks.inputs import size_text
from benchmarks.results import Results, Row, machine
from temporal_loss import temporal_loss, temporal_loss_and_grad

if TYPE_CHECKING:
    from collections.abc import Iterator

DEVICES = 8
FRAMES = 1_000_000
KEYPOINTS = 20
GROUP = f"JAX, frames spread over {DEVICES} devices"
_SENDING = re.compile(
    r"= (?P<shapes>[^=]*?) (?P<kind>all-gather|all-reduce|all-to-all|collective-permute|"
    r"collective-broadcast|ragged-all-to-all|reduce-scatter|send|recv)(-start)?\("
)
_SHAPE = re.compile(r"(?P<dtype>[a-z]+[0-9]*)\[(?P<lengths>[0-9,]*)\]")


class Sent(NamedTuple):
    """One exchange between the devices: what kind, and the shapes of what each of them gets."""

    kind: str
    shapes: tuple[tuple[int, ...], ...]


def exchanges(compiled: str) -> list[Sent]:
    """Find every exchange in compiled text."""
    return [
        Sent(
            match["kind"],
            tuple(
                tuple(int(length) for length in shape["lengths"].split(",") if length)
                for shape in _SHAPE.finditer(match["shapes"])
            ),
        )
        for match in _SENDING.finditer(compiled)
    ]


def ask_for_devices() -> None:
    """Have JAX show this many devices; before it is first used."""
    os.environ["XLA_FLAGS"] = (
        f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count={DEVICES}"
    )


def spread(frames: int) -> tuple[Any, Any]:
    """Keypoints and confidences, the frames spread over all devices.

    Keypoints rest within the part of each device and move by (3, 4) into the next one's.
    """
    mesh = jax.sharding.Mesh(jax.devices(), ("frames",))
    sharding = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec("frames", None))
    part = jax.numpy.arange(frames) // (frames // len(jax.devices()))
    keypoints = jax.numpy.tile(part[:, None] * jax.numpy.asarray([3.0, 4.0]), (1, KEYPOINTS))
    confidences = jax.numpy.ones((frames, KEYPOINTS))
    return jax.device_put(keypoints, sharding), jax.device_put(confidences, sharding)


def compiled_for(arrays: tuple[Any, Any], function: Any = temporal_loss, **keywords: Any) -> Any:
    """Compile the loss, or another function of its parameters, for arrays as they lie."""
    with_keywords = partial(function, epsilon=[1.0] * KEYPOINTS, prob_threshold=0.5, **keywords)
    return jax.jit(with_keywords).lower(*arrays).compile()


def _rows(frames: int) -> Iterator[Row]:
    arrays = spread(frames)
    row = partial(Row, GROUP, size=size_text(frames, KEYPOINTS), unit="")
    # Seven steps of 5 less 1 for each keypoint, and rest otherwise.
    expected = (DEVICES - 1) * 4.0 / (frames - 1)
    for what, function in (("", temporal_loss), (", value and gradient", temporal_loss_and_grad)):
        compiled = compiled_for(arrays, function)
        sent = exchanges(compiled.as_text())
        halo = [each for each in sent if each.kind == "collective-permute"]
        reduced = [each for each in sent if each.kind == "all-reduce"]
        longest = max(shape[0] for each in halo for shape in each.shapes)
        scalars = sum(each.shapes == ((),) for each in reduced)
        others = len(sent) - len(halo) - len(reduced)
        yield row(f"frames sent to the neighbour{what}", value=float(longest), target=1.0)
        yield row(f"sums over all devices{what}", value=float(len(reduced)), target=1.0)
        yield row(f"of them scalars{what}", value=float(scalars), target=1.0, at_least=True)
        yield row(f"further exchanges (gathering and the like){what}", value=float(others), target=0.0)
        value = jax.tree.leaves(compiled(*arrays))[0]
        error = abs(float(value) - expected) / expected
        yield row(f"relative error{what}", against="the value by hand", value=error, target=1e-6)


@click.command()
@click.option("--frames", type=int, default=FRAMES, show_default=True, help=f"A multiple of {DEVICES}.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the results here as well.")
def main(*, frames: int, json_file: Path | None) -> None:
    """Compile loss and gradient for 8 devices and report what they exchange.

    Written to benchmarks/results/scale-jax.json and docs/benchmarks.md; with other --frames to the same under
    build/.
    """
    if frames % DEVICES:
        message = f"must be a multiple of {DEVICES}"
        raise click.BadParameter(message, param_hint="--frames")
    ask_for_devices()
    results = Results("JAX sharding", machine("cpu"), rows=list(_rows(frames)))
    page.publish(results, "scale-jax", page.console(), partial=frames != FRAMES, json_file=json_file)


if __name__ == "__main__":
    main()
