"""Checks that need several devices, which JAX only has where it is told so before it starts.

`test_jax_devices` runs this file in a process of its own and reads what it prints: for each check
null, or what went wrong.
"""

from __future__ import annotations

import json
import traceback
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from temporal_loss import TemporalLoss, estimate_epsilon, temporal_loss, temporal_norm

if TYPE_CHECKING:
    from collections.abc import Callable

CHECKS: dict[str, Callable[[], None]] = {}
# Eight frames of four keypoints in two sequences: steps of 1, 2, 3 and 4, to and fro, times two for
# the second. The sum over all is 7 * 10 * 3; less epsilon 1, 2, 3, 4 only the second has 7 * 10.
_STEPS = [1.0, 2.0, 3.0, 4.0]
_TRACKS = [[[[factor * step * (t % 2), 0.0] for step in _STEPS] for t in range(8)] for factor in (1, 2)]
EPSILON = [1.0, 2.0, 3.0, 4.0]
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


def _mesh() -> Mesh:
    return Mesh([jax.devices()[:2], jax.devices()[2:]], ("a", "b"))


def _place(array: Any, *spec: str | None) -> Any:
    return jax.device_put(array, NamedSharding(_mesh(), PartitionSpec(*spec)))


def _keypoints() -> Any:
    return jnp.asarray(_TRACKS)


def _confidences() -> Any:
    # The last keypoint is unsure in frame 0, which takes one step away: 8 - 4 from the second.
    return jnp.ones((2, 8, 4)).at[:, 0, 3].set(0.25)


def _loss(keypoints: Any, confidences: Any, segment_ids: Any) -> Any:
    return temporal_loss(
        keypoints,
        confidences,
        epsilon=EPSILON,
        prob_threshold=0.5,
        segment_ids=segment_ids,
        reduction="sum",
    )


def _segment_ids() -> Any:
    # The middle step crosses, which takes another 10.
    return jnp.asarray([[0, 0, 0, 0, 1, 1, 1, 1]] * 2)


def _assert_on(array: Any, *numbers: int) -> None:
    assert {device.id for device in array.devices()} == set(numbers), array.devices()


@check
def there_are_four_devices() -> None:
    assert len(jax.devices()) == 4


@check
def jit_of_every_sharding() -> None:
    jitted = jax.jit(_loss)
    for name, spec in SPECS.items():
        keypoints = _place(_keypoints(), *spec)
        found = jitted(keypoints, _place(_confidences(), *spec[:3]), _place(_segment_ids(), *spec[:2]))
        assert float(found) == 56.0, (name, found)
        _assert_on(found, 0, 1, 2, 3)


@check
def shardings_of_each_argument_its_own() -> None:
    jitted = jax.jit(_loss)
    specs = list(SPECS.values())
    for mine, second, third in zip(specs, specs[1:] + specs[:1], specs[3:] + specs[:3], strict=True):
        found = jitted(
            _place(_keypoints(), *mine),
            _place(_confidences(), *second[:3]),
            _place(_segment_ids(), *third[:2]),
        )
        assert float(found) == 56.0, (mine, second, third, found)


@check
def gradients_of_every_sharding() -> None:
    confidences, segment_ids = _place(_confidences()), _place(_segment_ids())
    expected = jax.jit(jax.grad(_loss))(_keypoints(), _confidences(), _segment_ids())
    for name, spec in SPECS.items():
        keypoints = _place(_keypoints(), *spec)
        found = jax.jit(jax.grad(_loss))(keypoints, confidences, segment_ids)
        assert jnp.array_equal(jax.device_get(found), jax.device_get(expected)), name


@check
def eager_on_every_sharding() -> None:
    for name in ("batch and time", "keypoints"):
        spec = SPECS[name]
        found = _loss(
            _place(_keypoints(), *spec), _place(_confidences(), *spec[:3]), _place(_segment_ids(), *spec[:2])
        )
        assert float(found) == 56.0, (name, found)
        _assert_on(found, 0, 1, 2, 3)


@check
def an_epsilon_array_beside_sharded_keypoints() -> None:
    keypoints = _place(_keypoints(), "a", "b")
    free = jnp.asarray(EPSILON)
    for epsilon in (free, _place(free), _place(free, "b"), jax.device_put(free, jax.devices()[3])):
        assert float(temporal_loss(keypoints, epsilon=epsilon, reduction="sum")) == 70.0


@check
def results_stay_on_their_device() -> None:
    loss = TemporalLoss(epsilon=EPSILON, prob_threshold=0.5)
    for device in (jax.devices()[2], jax.devices()[1], jax.devices()[2]):
        keypoints = jax.device_put(_keypoints(), device)
        confidences = jax.device_put(_confidences(), device)
        value, logs = loss(keypoints, confidences)
        assert abs(float(value) - 66.0 / 56) < 2**-22
        others = temporal_norm(keypoints), estimate_epsilon(keypoints)
        for found in (value, logs[1]["value"], *others):
            _assert_on(found, device.id)


@check
def an_epsilon_array_follows_the_keypoints() -> None:
    epsilon = jax.device_put(jnp.asarray(EPSILON), jax.devices()[3])
    keypoints = jax.device_put(_keypoints(), jax.devices()[1])
    found = temporal_loss(keypoints, epsilon=epsilon, reduction="sum")
    assert float(found) == 70.0
    _assert_on(found, 1)


@check
def one_object_on_one_device_and_on_four() -> None:
    for order in ((0, 1, 2), (2, 1, 0)):
        epsilon = [e + order[0] / 4 for e in EPSILON]
        expected = 7 * sum(2 * step - e for step, e in zip(_STEPS, epsilon, strict=True)) / 56
        loss = TemporalLoss(epsilon=epsilon)
        places = [
            _keypoints(),
            jax.device_put(_keypoints(), jax.devices()[2]),
            _place(_keypoints(), "a", "b"),
        ]
        for number in (*order, *order):
            assert float(loss(places[number])[0]) == expected, (order, number)
            assert float(jax.jit(lambda k, loss=loss: loss(k)[0])(places[number])) == expected, (
                order,
                number,
            )


@check
def under_another_default_device() -> None:
    loss = TemporalLoss(epsilon=EPSILON)
    for device in jax.devices()[:2]:
        with jax.default_device(device):
            assert float(loss(jnp.asarray(_TRACKS))[0]) == 70.0 / 56


@check
def two_devices_are_refused() -> None:
    keypoints = jax.device_put(_keypoints(), jax.devices()[1])
    here, there = jax.devices()[1], jax.devices()[2]
    others = {"confidences": _confidences(), "segment_ids": _segment_ids()}
    for name, array in others.items():
        for place in (there, NamedSharding(_mesh(), PartitionSpec())):
            try:
                temporal_loss(keypoints, **{name: jax.device_put(array, place)})
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
