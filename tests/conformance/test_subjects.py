"""Subjects on every backend under test: what goes in comes out, and what breaks is told apart."""

from __future__ import annotations

import math
import struct
from typing import TYPE_CHECKING, Any

import pytest
from hand import KEYPOINTS, value_case
from support.selection import select

from conformance import bits, suite
from conformance.exits import UsageError
from conformance.judge import judge
from conformance.model import Array, Errored, ErrorKind, Op, Outputs, Rejected, Request, Status, Unsupported
from conformance.run import chosen
from conformance.subjects import backends, find
from conformance.subjects.backend_subject import BackendSubject
from conformance.subjects.backends.protocol import Backend, UnsupportedByBackendError
from conformance.subjects.native import NativeSubject

if TYPE_CHECKING:
    from collections.abc import Callable

NAMES = select().names
QUICK = [
    pytest.param(backends.load(name), device, mode, id=f"{name}/{device}/{mode}")
    for name in NAMES
    for device in backends.load(name).devices()
    for mode in backends.load(name).modes
    if mode != "inductor" and not backends.load(name).lacks(device, mode)
]
FLOATS = {
    "float16": (1.5, -0.0, math.inf, 2.0**-24, 65504.0),
    "bfloat16": (1.5, -0.0, -math.inf, 2.0**-133, 1.0),
    "float32": (1.5, -0.0, math.inf, 2.0**-149, 0.5),
    "float64": (1.5, -0.0, math.inf, 5e-324, 0.1),
}


class Given(NativeSubject):
    """Runs any function of native arrays."""

    def __init__(self, backend: Backend, run: Callable[[Any], Any], mode: str | None = None) -> None:
        super().__init__("given", backend, backend.devices()[0], mode or backend.modes[0])
        self._run = run

    def function(self, request: Request) -> Callable[[Any], dict[str, Any]]:
        del request
        return lambda inputs: {"loss": self._run(inputs["keypoints"])}


@pytest.fixture(params=NAMES)
def backend(request: pytest.FixtureRequest) -> Backend:
    return backends.load(request.param)


@pytest.mark.slow
@pytest.mark.parametrize(("backend", "device", "mode"), QUICK)
def test_the_library_answers_right_everywhere(backend: Backend, device: str, mode: str) -> None:
    case = value_case()
    with BackendSubject(backend, device, mode) as subject:
        verdict = judge(case, subject.answer(case.request), subject=subject.name, device=subject.device)
    assert subject.name == f"{backend.name}/{device}/{mode}"
    assert (verdict.status, verdict.reason) == (Status.PASS, "")


@pytest.mark.slow
@pytest.mark.parametrize(("backend", "device", "mode"), QUICK)
def test_refusals_are_told_by_kind_everywhere(backend: Backend, device: str, mode: str) -> None:
    with BackendSubject(backend, device, mode) as subject:
        negative = subject.answer(Request("r", Op.VALUE, {"keypoints": KEYPOINTS}, {"epsilon": -1.0}))
        short = Array("float32", (1, 2), (0.0, 0.0))
        single = subject.answer(Request("r", Op.VALUE, {"keypoints": short}, {}))
        truth = Array("bool", (2, 2), (0, 1, 1, 0))
        wrong = subject.answer(Request("r", Op.VALUE, {"keypoints": truth}, {}))
    for refused in (negative, single):
        assert isinstance(refused, Rejected)
        assert {refused.kind, *refused.also} == {ErrorKind.VALUE, ErrorKind.SHAPE}
    assert isinstance(wrong, Rejected)
    assert (wrong.kind, wrong.also) == (ErrorKind.TYPE, ())


@pytest.mark.slow
@pytest.mark.parametrize(("backend", "device", "mode"), QUICK)
@pytest.mark.parametrize("form", ["", "-autodiff"])
def test_gradients_come_from_the_library_and_from_the_backend(
    backend: Backend, device: str, mode: str, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Whichever of the two is not asked for must not be the one that answers.
    other = "temporal_loss_and_grad" if form else "temporal_loss"
    monkeypatch.setattr(f"conformance.subjects.operations.temporal_loss.{other}", None)
    with BackendSubject(backend, device, mode + form) as subject:
        answer = subject.answer(Request("r", Op.GRADIENT, {"keypoints": KEYPOINTS}, {}))
    if form and not backend.autodiff:
        assert isinstance(answer, Unsupported)
        return
    assert isinstance(answer, Outputs)
    # The step of (3, 4) over 5, over the two entries; no gradient where nothing moves.
    assert answer.arrays["gradient"].values == pytest.approx((-0.3, -0.4, 0.3, 0.4, 0.0, 0.0))
    assert answer.arrays["gradient"].values[4:] == (0.0, 0.0)
    assert answer.mutated == ()


@pytest.mark.parametrize("dtype", FLOATS)
def test_bits_survive_the_way_there_and_back(backend: Backend, dtype: str) -> None:
    source = Array(dtype, (5,), FLOATS[dtype])
    data = bits.pack(source.values, dtype)
    with backend.context([source]):
        for device in backend.devices():
            try:
                native = backend.from_bytes(data, dtype, (5,), device, backend.modes[0])
            except UnsupportedByBackendError as missing:
                assert dtype in str(missing)  # noqa: PT017 - not every device has every dtype
                continue
            assert backend.is_native(native)
            assert backend.to_bytes(native) == data
            assert (backend.dtype_name(native), backend.shape(native)) == (dtype, (5,))
            assert backend.device_name(native) == device
    assert bits.unpack(data, dtype) == source.values


def test_a_payload_of_nan_survives(backend: Backend) -> None:
    data = struct.pack("<I", 0x7FC01234)
    native = backend.from_bytes(data, "float32", (1,), backend.devices()[0], backend.modes[0])
    assert backend.to_bytes(native) == data


@pytest.mark.parametrize("shape", [(0, 2), (), (2, 1, 3)])
def test_every_shape_survives(backend: Backend, shape: tuple[int, ...]) -> None:
    count = math.prod(shape)
    data = bits.pack(map(float, range(count)), "float32")
    native = backend.from_bytes(data, "float32", shape, backend.devices()[0], backend.modes[0])
    assert (backend.shape(native), backend.to_bytes(native)) == (shape, data)


def answered(subject: NativeSubject) -> Any:
    case = value_case()
    answer = subject.answer(case.request)
    return judge(case, answer, device=subject.device)


@pytest.mark.parametrize(
    ("run", "words"), [(lambda _: 2.5, "builtins.float"), (lambda k: k[:1, 0], "shape [1]")]
)
def test_results_that_are_no_scalar_arrays_of_the_backend_fail(
    backend: Backend, run: Callable[[Any], Any], words: str
) -> None:
    verdict = answered(Given(backend, run))
    assert verdict.status is Status.FAIL
    assert words in verdict.reason


@pytest.mark.parametrize(
    "error", [RuntimeError, OSError, ZeroDivisionError, LookupError, MemoryError, SystemExit]
)
def test_what_is_no_refusal_is_a_crash(backend: Backend, error: type[BaseException]) -> None:
    message = "first line\nsecond line"

    def broken(_: object) -> None:
        raise error(message)

    answer = Given(backend, broken).answer(value_case().request)
    assert isinstance(answer, Errored)
    assert answer.status is Status.CRASH
    assert error.__name__ in answer.message
    assert "second" not in answer.message


@pytest.mark.parametrize(("error", "kind"), [(TypeError, ErrorKind.TYPE), (ValueError, ErrorKind.VALUE)])
def test_subclasses_of_the_two_refusals_count_as_they_do(
    backend: Backend, error: type[Exception], kind: ErrorKind
) -> None:
    class OwnError(error):  # type: ignore[misc, valid-type]
        pass

    def refuse(_: object) -> None:
        raise OwnError

    answer = Given(backend, refuse).answer(value_case().request)
    assert isinstance(answer, Rejected)
    assert answer.kind is kind


def test_an_interruption_by_the_user_goes_through(backend: Backend) -> None:
    def interrupt(_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Given(backend, interrupt).answer(value_case().request)


def test_what_takes_too_long_is_stopped(backend: Backend) -> None:
    def forever(_: object) -> None:
        while True:
            try:
                while True:
                    pass
            except Exception:  # noqa: BLE001, S112 - code that swallows what it can
                continue

    subject = Given(backend, forever)
    subject.seconds = 0.05
    answer = subject.answer(value_case().request)
    assert isinstance(answer, Errored)
    assert answer.status is Status.TIMEOUT


@pytest.mark.parametrize("name", [n for n in NAMES if n in {"numpy", "torch"}])
def test_a_changed_input_is_seen(name: str) -> None:
    def spoil(keypoints: Any) -> Any:
        keypoints[0, 0] += 0.0
        result = keypoints.sum() * 0 + 2.5
        keypoints[2, 1] = -0.0
        return result

    verdict = answered(Given(backends.load(name), spoil))
    assert verdict.status is Status.FAIL
    assert verdict.reason.endswith("changed its input keypoints")


def breaks_the_graph(keypoints: Any) -> Any:
    backends.load("torch").xp()._dynamo.graph_break()
    return keypoints.sum() * 0 + 2.5


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "mode", "run", "words"),
    [
        ("dask", None, lambda k: k.compute().sum(), "lazy"),
        # JAX raises subclasses of TypeError here.
        ("jax", "jit", lambda k: k.sum() if k[0, 0] > 0 else k[0, 0], ""),
        ("torch", "aot_eager", breaks_the_graph, "one graph"),
    ],
)
def test_code_that_a_mode_does_not_take_is_a_crash_and_no_refusal(
    name: str, mode: str | None, run: Callable[[Any], Any], words: str
) -> None:
    if name not in NAMES:
        pytest.skip(f"{name} is not under test")
    verdict = answered(Given(backends.load(name), run, mode))
    assert verdict.status is Status.CRASH
    assert words in verdict.reason


@pytest.mark.parametrize("name", [n for n in NAMES if n == "jax"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_jax_gets_wide_types_where_asked_and_no_longer(name: str, dtype: str) -> None:
    jax = backends.load(name).xp()
    before = jax.config.jax_enable_x64
    seen = []

    def look(keypoints: Any) -> Any:
        seen.append(jax.config.jax_enable_x64)
        return keypoints.sum()

    subject = Given(backends.load(name), look)
    subject.answer(Request("r", Op.VALUE, {"keypoints": Array(dtype, (1, 2), (0.0, 1.0))}, {}))
    assert seen == [dtype == "float64"]
    assert jax.config.jax_enable_x64 == before


@pytest.mark.parametrize("name", [n for n in NAMES if n in {"jax", "torch"}])
def test_mapped_code_sees_one_sequence_that_is_no_plain_array(name: str) -> None:
    kept: list[Any] = []

    def remembers(keypoints: Any) -> Any:
        kept.append((tuple(keypoints.shape), "atch" in repr(keypoints)))
        return keypoints.sum() * 0 + 2.5

    assert answered(Given(backends.load(name), remembers, "vmap")).status is Status.PASS
    assert kept[0] == ((3, 2), True)


def test_absence_has_a_reason() -> None:
    _, absences = find.find(modes=["all"])
    whole = {a.name: a.reason for a in absences if "/" not in a.name}
    assert whole.keys() == {n for n in backends.NAMES if backends.load(n).available()}
    assert all(whole.values())


@pytest.mark.skipif("strict" not in select().names, reason="needs array-api-strict, which is not under test")
def test_pretended_devices_are_left_to_who_asks_for_them() -> None:
    def there(*arguments: Any) -> bool:
        return "strict/device1" in {f"{c.backend}/{c.device}" for c in find.find(*arguments)[0]}

    assert not there()
    assert not there((), (), ("eager",))
    assert there(["strict"])
    assert there((), (), ("all",))
    assert there((), (), (), ["strict"])


def test_devices_and_modes_are_picked_by_name(backend: Backend) -> None:
    device = backend.devices()[-1]
    choices, lacking = find.find([backend.name], [device], ["all"])
    forms = ("", "-autodiff") if backend.autodiff else ("",)
    there = [m for m in backend.modes if not backend.lacks(device, m)]
    assert [c.mode for c in choices] == [m + form for m in there for form in forms]
    absent = [m for m in backend.modes if m not in there]
    assert [each.name for each in lacking] == [f"{backend.name}/{device}/{m}" for m in absent]
    choices, _ = find.find([backend.name])
    expected = [(d, backend.modes[0] + form) for form in forms for d in backend.devices()]
    assert [(c.device, c.mode) for c in choices] == expected
    choices, _ = find.find([backend.name], modes=[backend.modes[0] + forms[-1]])
    assert {c.mode for c in choices} == {backend.modes[0] + forms[-1]}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((("nonsense",), (), ()), "no backend 'nonsense': choose from numpy"),
        (((), (), ("nonsense",)), "no mode 'nonsense': choose from eager"),
    ],
)
def test_unknown_words(arguments: Any, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        find.find(*arguments)


def test_a_device_that_nothing_has_leaves_nothing() -> None:
    assert find.find((), ("cuda:99",))[0] == []


def test_a_backend_asked_for_and_absent_is_an_error(backend: Backend) -> None:
    for arguments in ([[backend.name], ["cuda:99"]], [[], ["cuda:99"], [], [backend.name]]):
        with pytest.raises(UsageError, match=f"asked for but absent: {backend.name}"):
            find.find(*arguments)


def test_modes_of_autodiff_are_asked_for_gradients_alone() -> None:
    cases = suite.load_cases()
    gradients = [case for case in cases if case.op is Op.GRADIENT]
    assert chosen.cases_for("eager-autodiff", cases) == gradients
    assert chosen.cases_for("eager", cases) == cases
    few = chosen.cases_for("inductor-autodiff", cases)
    assert few
    assert few == chosen.core([case for case in gradients if case.error is None])
