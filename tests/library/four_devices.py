"""Checks that need several devices, which JAX only has where it is told so before it starts.

`test_jax_devices` runs this file in a process of its own and reads what it prints: for each check
null, or what went wrong. The suite asks every case of arrays that are spread along their frames.
"""

from __future__ import annotations

import json
import traceback
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from temporal_loss import TemporalLoss, count_valid, estimate_epsilon, temporal_loss, temporal_norm

if TYPE_CHECKING:
    from collections.abc import Callable

CHECKS: dict[str, Callable[[], None]] = {}
# Eight frames of four keypoints in two sequences: steps of 1, 2, 3 and 4, to and fro, times two for
# the second. The sum over all is 7 * 10 * 3; less epsilon 1, 2, 3, 4 only the second has 7 * 10.
_STEPS = [1.0, 2.0, 3.0, 4.0]
KEYPOINTS = jnp.asarray(
    [[[[factor * step * (t % 2), 0.0] for step in _STEPS] for t in range(8)] for factor in (1, 2)]
)
# The last keypoint is unsure in frame 0, which takes one step away: 8 - 4 from the second.
CONFIDENCES = jnp.ones((2, 8, 4)).at[:, 0, 3].set(0.25)
# The middle step crosses, which takes another 10.
SEGMENT_IDS = jnp.asarray([[0, 0, 0, 0, 1, 1, 1, 1]] * 2)
EPSILON = _STEPS
SPECS = {
    "one by one": (),
    "batch": ("a",),
    "time": (None, "b"),
    "batch and time": ("a", "b"),
    "keypoints": (None, None, "b"),
    "coordinates": (None, None, None, "a"),
    "time and keypoints": (None, "a", "b"),
}


def check(function: Callable[[], None]) -> Callable[[], None]:
    CHECKS[function.__name__] = function
    return function


def _place(array: Any, *spec: str | None) -> Any:
    mesh = Mesh([jax.devices()[:2], jax.devices()[2:]], ("a", "b"))
    return jax.device_put(array, NamedSharding(mesh, PartitionSpec(*spec)))


def _loss(keypoints: Any, confidences: Any, segment_ids: Any) -> Any:
    options: dict[str, Any] = {"epsilon": EPSILON, "prob_threshold": 0.5, "reduction": "sum"}
    return temporal_loss(keypoints, confidences, segment_ids=segment_ids, **options)


def _assert_on(array: Any, *numbers: int) -> None:
    assert {device.id for device in array.devices()} == set(numbers), array.devices()


@check
def every_sharding() -> None:
    assert len(jax.devices()) == 4
    jitted = jax.jit(jax.value_and_grad(_loss))
    _, expected = jitted(KEYPOINTS, CONFIDENCES, SEGMENT_IDS)
    for name, spec in SPECS.items():
        given = (_place(KEYPOINTS, *spec), _place(CONFIDENCES, *spec[:3]), _place(SEGMENT_IDS, *spec[:2]))
        value, gradient = jitted(*given)
        assert float(value) == 56.0, (name, value)
        assert jnp.array_equal(jax.device_get(gradient), jax.device_get(expected)), name
        _assert_on(value, 0, 1, 2, 3)
        if name == "batch and time":
            assert float(_loss(*given)) == 56.0, name
            # Each argument laid out in its own way.
            assert float(_loss(given[0], _place(CONFIDENCES), _place(SEGMENT_IDS, None, "b"))) == 56.0


@check
def an_epsilon_array_follows_the_keypoints() -> None:
    free = jnp.asarray(EPSILON)
    there = jax.device_put(free, jax.devices()[3])
    keypoints = _place(KEYPOINTS, "a", "b")
    for epsilon in (free, _place(free), _place(free, "b"), there):
        assert float(temporal_loss(keypoints, epsilon=epsilon, reduction="sum")) == 70.0
    keypoints = jax.device_put(KEYPOINTS, jax.devices()[1])
    found = temporal_loss(keypoints, epsilon=there, reduction="sum")
    assert float(found) == 70.0
    _assert_on(found, 1)


@check
def results_stay_on_their_device() -> None:
    loss = TemporalLoss(epsilon=EPSILON, prob_threshold=0.5)
    for device in (jax.devices()[2], jax.devices()[1], jax.devices()[2]):
        keypoints, confidences = jax.device_put((KEYPOINTS, CONFIDENCES), device)
        value, logs = loss(keypoints, confidences)
        assert abs(float(value) - 66.0 / 56) < 2**-22
        others = temporal_norm(keypoints), estimate_epsilon(keypoints), count_valid(keypoints)
        for found in (value, logs[1]["value"], *others):
            _assert_on(found, device.id)


@check
def one_object_on_one_device_and_on_four() -> None:
    for order in ((0, 1, 2), (2, 1, 0)):
        epsilon = [e + order[0] / 4 for e in EPSILON]
        expected = 7 * sum(2 * step - e for step, e in zip(_STEPS, epsilon, strict=True)) / 56
        loss = TemporalLoss(epsilon=epsilon)
        places = [KEYPOINTS, jax.device_put(KEYPOINTS, jax.devices()[2]), _place(KEYPOINTS, "a", "b")]
        jitted = jax.jit(lambda k, loss=loss: loss(k)[0])
        for number in (*order, *order):
            found = float(loss(places[number])[0]), float(jitted(places[number]))
            assert found == (expected, expected), (order, number)


@check
def under_another_default_device() -> None:
    loss = TemporalLoss(epsilon=EPSILON)
    for device in jax.devices()[:2]:
        with jax.default_device(device):
            assert float(loss(jnp.asarray(jax.device_get(KEYPOINTS)))[0]) == 70.0 / 56


@check
def two_devices_are_refused() -> None:
    here, there = jax.devices()[1:3]
    keypoints = jax.device_put(KEYPOINTS, here)
    for name, array in {"confidences": CONFIDENCES, "segment_ids": SEGMENT_IDS}.items():
        for far in (jax.device_put(array, there), _place(array)):
            try:
                temporal_loss(keypoints, **{name: far})
            except ValueError as error:
                message = str(error)
            else:
                message = "accepted"
            for word in (name, "keypoints' device", f"id={here.id}", f"id={there.id}"):
                assert word in message, (word, message)


def main() -> None:
    found: dict[str, str | None] = {}
    for name, function in CHECKS.items():
        try:
            function()
        except Exception:  # noqa: BLE001 - what went wrong is the answer
            found[name] = traceback.format_exc()
        else:
            found[name] = None
    print(json.dumps(found))  # noqa: T201 - the answer


if __name__ == "__main__":
    main()
