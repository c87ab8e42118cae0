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

from benchmarks import machine, output
from benchmarks.results import Results
from benchmarks.rows import Row

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
    return [Sent(match["kind"], _shapes(match["shapes"])) for match in _SENDING.finditer(compiled)]


def _shapes(text: str) -> tuple[tuple[int, ...], ...]:
    return tuple(
        tuple(int(length) for length in match["lengths"].split(",") if length)
        for match in _SHAPE.finditer(text)
    )


def spread(frames: int, keypoints: int = KEYPOINTS) -> tuple[Any, Any]:
    """Keypoints and confidences, the frames spread over all devices.

    Keypoints rest within the part of each device and move by (3, 4) into the next one's.
    """
    import jax  # noqa: PLC0415 - after the devices are asked for

    mesh = jax.sharding.Mesh(jax.devices(), ("frames",))
    sharding = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec("frames", None))
    part = jax.numpy.arange(frames) // (frames // len(jax.devices()))
    keypoints_array = jax.numpy.tile(part[:, None] * jax.numpy.asarray([3.0, 4.0]), (1, keypoints))
    confidences = jax.numpy.ones((frames, keypoints))
    return jax.device_put(keypoints_array, sharding), jax.device_put(confidences, sharding)


def compiled_loss(arrays: tuple[Any, Any], *, gradient: bool = False, **keywords: Any) -> Any:
    """Compile the loss, or its gradient as JAX finds it, for arrays as they lie."""
    import jax  # noqa: PLC0415

    from temporal_loss import temporal_loss  # noqa: PLC0415

    def loss(*given: Any) -> Any:
        return temporal_loss(*given, prob_threshold=0.5, **keywords)

    return jax.jit(jax.grad(loss) if gradient else loss).lower(*arrays).compile()


def compiled_loss_and_gradient(arrays: tuple[Any, Any], **keywords: Any) -> Any:
    """Compile `temporal_loss_and_grad` for arrays as they lie."""
    import jax  # noqa: PLC0415

    from temporal_loss import temporal_loss_and_grad  # noqa: PLC0415

    both = partial(temporal_loss_and_grad, prob_threshold=0.5, **keywords)
    return jax.jit(both).lower(*arrays).compile()


def ask_for_devices() -> None:
    """Have JAX show this many devices; before it is first used."""
    os.environ["XLA_FLAGS"] = (
        f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count={DEVICES}"
    )


def _rows(frames: int) -> Iterator[Row]:
    arrays = spread(frames)
    size = _size(frames)
    epsilon = [1.0] * KEYPOINTS
    loss = compiled_loss(arrays, epsilon=epsilon)
    both = compiled_loss_and_gradient(arrays, epsilon=epsilon)
    yield from _exchange_rows("", size, loss)
    yield _error_row("relative error", frames, loss(*arrays))
    yield from _exchange_rows(", value and gradient", size, both)
    yield _error_row("relative error, value and gradient", frames, both(*arrays)[0])


def _size(frames: int) -> str:
    return f"T={frames:,} K={KEYPOINTS}"


def _exchange_rows(what: str, size: str, compiled: Any) -> Iterator[Row]:
    sent = exchanges(compiled.as_text())
    halo = [shape for each in sent if each.kind == "collective-permute" for shape in each.shapes]
    reduced = [each for each in sent if each.kind == "all-reduce"]
    scalars = [each for each in reduced if each.shapes == ((),)]
    others = len(sent) - len(reduced) - sum(each.kind == "collective-permute" for each in sent)
    for name, value, target, at_least in (
        ("frames sent to the neighbour", max(shape[0] for shape in halo), 1.0, False),
        ("sums over all devices", len(reduced), 1.0, False),
        ("of them scalars", len(scalars), 1.0, True),
        ("further exchanges (gathering and the like)", others, 0.0, False),
    ):
        yield Row(GROUP, f"{name}{what}", size, value=float(value), unit="", target=target, at_least=at_least)


def _error_row(what: str, frames: int, value: Any) -> Row:
    # Seven steps of 5 less 1 for each keypoint, and rest otherwise.
    expected = (DEVICES - 1) * 4.0 / (frames - 1)
    error = abs(float(value) - expected) / expected
    return Row(GROUP, what, _size(frames), "the value by hand", error, unit="", target=1e-6)


@click.command()
@click.option("--frames", type=int, default=FRAMES, show_default=True, help=f"A multiple of {DEVICES}.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Where to write the results.")
def main(*, frames: int, json_file: Path | None) -> None:
    """Compile loss and gradient for 8 devices and report what they exchange.

    Written to benchmarks/results/scale-jax.json; with other --frames to the same under build/.
    """
    if frames % DEVICES:
        message = f"must be a multiple of {DEVICES}"
        raise click.BadParameter(message, param_hint="--frames")
    ask_for_devices()
    results = Results("JAX sharding", machine.describe("cpu"))
    results.rows += list(_rows(frames))
    console = output.console()
    output.show(results, console)
    folder = output.root(partial=frames != FRAMES) / "benchmarks" / "results"
    output.keep(results, json_file or folder / "scale-jax.json", console)


if __name__ == "__main__":
    main()
