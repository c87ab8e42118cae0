"""The mutants compute what their sentences say: answers worked by hand."""

import math
from collections.abc import Sequence
from typing import Any

import pytest

from conformance import oracle
from conformance.model import Array, Case, ErrorKind, Expected, Op
from conformance.mutants import kills, mutants, wrong_answer
from conformance.mutants.numbers import cut, ties_away

KNOWN = mutants()
NAN = math.nan


def case_of(
    keypoints: Sequence[Sequence[float]], op: Op = Op.VALUE, dtype: str = "float64", **rest: Any
) -> Case:
    """A case by hand, its expected values from the oracle and without any budget."""
    shape = (len(keypoints), len(keypoints[0]))
    inputs = {"keypoints": Array(dtype, shape, tuple(float(v) for row in keypoints for v in row))}
    inputs |= {name: v for name, v in rest.items() if isinstance(v, Array)}
    params = {name: v for name, v in rest.items() if name not in inputs}
    case = Case("by-hand-f64-001", ("TL-2",), "", (), op, dtype, inputs, params)
    answer = oracle.answer(case.request)
    if isinstance(answer, ErrorKind):
        return Case(**{**vars(case), "error": answer})
    return Case(**{**vars(case), "expected": {k: Expected(v, (0.0,), (0.0,)) for k, v in answer.items()}})


def sure(*rows: list[float]) -> Array:
    return Array("float64", (len(rows), len(rows[0])), tuple(float(v) for row in rows for v in row))


def ids(*numbers: int) -> Array:
    return Array("int64", (len(numbers),), numbers)


def wrong(name: str, case: Case, output: Any = None) -> tuple[float, ...]:
    answer = wrong_answer(KNOWN[name], case)
    return answer[output or next(iter(case.expected))].values


# Steps 5, 2 and 0, 5.
TWO = [[0, 0, 1, 1], [3, 4, 1, 3], [3, 4, 5, 6]]
LOW = {"confidences": sure([1, 1], [1, 1], [1, 0.25]), "prob_threshold": 0.5}
# Steps of 1; and with NaN in the second frame.
BACK = [[0, 0], [1, 0], [2, 0], [3, 0]]
HOLE = [[0, 0], [NAN, 0], [2, 0], [3, 0]]
# One step of 1; steps 1, 2 and infinity.
ONE = [[0, 0], [1, 0]]
OUT = [[0, 0], [1, 0], [3, 0], [math.inf, 0]]
LARGE = Array("int64", (), (2**54 + 2**30 + 1,))


def seen(last: float) -> dict[str, Any]:
    """Confidences of 1, and one other in the last frame of the last keypoint."""
    return LOW | {"confidences": sure([1, 1], [1, 1], [1, last])}


@pytest.mark.parametrize(
    ("name", "case", "due"),
    [
        ("planar-columns", case_of(TWO, reduction="none"), (3.0, math.sqrt(20), 4.0, 3.0)),
        ("squared-length", case_of(TWO, reduction="none"), (25.0, 4.0, 0.0, 25.0)),
        ("city-block-length", case_of(TWO, reduction="sum"), (7.0 + 2 + 7,)),
        ("largest-coordinate", case_of(TWO, reduction="sum"), (4.0 + 2 + 4,)),
        ("divides-by-frames", case_of(TWO), (2.0,)),
        ("divides-by-transitions", case_of(TWO), (6.0,)),
        ("divides-by-coordinates", case_of(TWO), (1.5,)),
        ("divides-by-one-less", case_of(TWO), (4.0,)),
        ("divides-by-nonzero", case_of(TWO), (4.0,)),
        ("divides-by-unmasked", case_of(TWO, **LOW), (7 / 3,)),
        ("mask-ignored", case_of(TWO, **LOW), (3.0,)),
        ("mask-by-earlier-frame", case_of(TWO, **LOW), (3.0,)),
        ("mask-by-later-frame", case_of(TWO, **LOW), (1.75,)),
        ("mask-needs-both-low", case_of(TWO, **LOW), (3.0,)),
        ("mask-inverted", case_of(TWO, **LOW), (1.25,)),
        ("weighted-by-confidence", case_of(TWO, confidences=LOW["confidences"]), (2.0625,)),
        ("epsilon-hard-threshold", case_of(TWO, epsilon=3.0), (2.5,)),
        ("epsilon-not-clamped", case_of(TWO, epsilon=3.0), (0.0,)),
        ("epsilon-absolute", case_of(TWO, epsilon=3.0), (2.0,)),
        ("epsilon-reversed", case_of(TWO, epsilon=[1.0, 4.0], reduction="none"), (1.0, 1.0, 0.0, 4.0)),
        ("epsilon-first-for-all", case_of(TWO, epsilon=[1.0, 4.0], reduction="none"), (4.0, 1.0, 0.0, 4.0)),
        ("epsilon-after-reduction", case_of(TWO, epsilon=1.0), (2.0,)),
        ("sum-for-mean", case_of(TWO), (12.0,)),
        ("steps-wrap-around", case_of(TWO, reduction="sum"), (12.0 + 5 + math.sqrt(41),)),
        ("first-step-dropped", case_of(TWO), (2.5,)),
        ("segments-ignored", case_of(TWO, segment_ids=ids(0, 0, 1)), (3.0,)),
        ("segments-cut-late", case_of(TWO, segment_ids=ids(0, 1, 1)), (3.5,)),
        ("divides-by-joins-too", case_of(TWO, segment_ids=ids(0, 0, 1)), (1.75,)),
        ("gradient-sign-flipped", case_of([[0, 0], [3, 4]], Op.GRADIENT), (5.0,)),
        ("half-squares", case_of([[0, 0], [300, 400]], dtype="float16"), (math.inf,)),
        ("half-differences", case_of([[0, 0], [2048.0, 0], [-1, 0]], dtype="float16"), (2048.0,)),
        ("epsilon-along-time", case_of(TWO, epsilon=[1.0, 4.0], reduction="none"), (4.0, 1.0, 0.0, 1.0)),
        ("epsilons-of-one-kind", case_of(TWO, epsilon=[1, 4.5], reduction="none"), (4.0, 0.0, 0.0, 1.0)),
        ("epsilon-ties-away", case_of(ONE, dtype="float32", epsilon=0.5 + 2**-25), (0.5 - 2**-24,)),
        ("epsilon-cut", case_of(ONE, dtype="float32", epsilon=0.5 + 3 * 2**-25), (0.5 - 2**-24,)),
        (
            "epsilon-rounded-twice",
            case_of([[0, 0], [2.0**55, 0]], dtype="float32", epsilon=LARGE),
            (2.0**54,),
        ),
        ("threshold-clamped", case_of(TWO, **LOW | {"prob_threshold": 1.5}), (1.75,)),
        (
            "threshold-above-one-masks-all",
            case_of(TWO, confidences=sure(*[[2, 2]] * 3), prob_threshold=1.5),
            (0.0,),
        ),
        ("negative-threshold-masks-nothing", case_of(TWO, **seen(-1) | {"prob_threshold": -0.5}), (3.0,)),
        ("confidences-clamped", case_of(TWO, **seen(-1) | {"prob_threshold": 0.0}), (3.0,)),
        ("nan-confidence-is-one", case_of(TWO, **seen(NAN) | {"prob_threshold": 1.5}), (0.0,)),
        ("infinite-confidence-masks-nothing", case_of(TWO, **seen(-math.inf)), (3.0,)),
        ("infinite-confidence-is-low", case_of(TWO, **seen(math.inf)), (1.75,)),
        (
            "confidences-transposed",
            case_of(TWO, confidences=sure([1, 1], [1, 0], [1, 1]), prob_threshold=0.5),
            (2.5,),
        ),
        ("omit-by-length", case_of([[math.inf, 0], [math.inf, 4]], nan_policy="omit"), (0.0,)),
        ("nan-behind-infinity", case_of([[0, 0, 0, 0], [math.inf, 0, NAN, 0]]), (math.inf,)),
        (
            "joins-subtracted-twice",
            case_of(TWO, segment_ids=ids(0, 0, 1), reduction="valid_mean", **LOW),
            (7.0,),
        ),
        ("segments-in-float64", case_of(TWO, segment_ids=ids(0, 2**53, 2**53 + 1)), (2.5,)),
        ("segments-by-size", case_of(TWO, segment_ids=ids(0, -(2**62), 2**62)), (2.5,)),
        ("half-subnormals-flushed", case_of([[0, 0], [2.0**-22, 1]], dtype="float16"), (1.0,)),
        (
            "half-subnormals-misread",
            case_of([[0, 0], [2.0**-22, 0]], dtype="float16"),
            (2.0**-15 + 2.0**-23,),
        ),
        ("quantile-drops-infinity", case_of(OUT, Op.EPSILON, quantile=0.5), (1.5,)),
        ("quantile-counts-nan-as-infinite", case_of([*OUT[:3], [NAN, 0]], Op.EPSILON, quantile=0.5), (2.0,)),
        ("norm-first-row-zero", case_of([[0, 0], [3, 4]], Op.NORM), (0.0, 5.0)),
        ("quantile-lower", case_of(TWO, Op.EPSILON, quantile=0.5), (0.0, 2.0)),
        ("quantile-nearest", case_of(TWO, Op.EPSILON, quantile=0.5), (0.0, 2.0)),
        ("quantile-half-up", case_of(TWO, Op.EPSILON, quantile=0.5), (5.0, 5.0)),
        ("quantile-nearest-rank", case_of(TWO, Op.EPSILON, quantile=0.5), (0.0, 2.0)),
        ("quantile-index-cut", case_of(TWO, Op.EPSILON, quantile=0.5), (5.0, 5.0)),
        ("quantile-of-count", case_of(TWO, Op.EPSILON, quantile=0.25), (2.5, 3.5)),
        ("quantile-exclusive", case_of(TWO, Op.EPSILON, quantile=0.75), (5.0, 5.0)),
        ("quantile-midway", case_of(TWO, Op.EPSILON, quantile=0.375), (1.25, 2.75)),
        ("quantile-midpoint", case_of(TWO, Op.EPSILON, quantile=0.25), (2.5, 3.5)),
        ("mask-whole-frames", case_of(TWO, **LOW), (1.75,)),
        ("low-confidence-at-origin", case_of(TWO, reduction="none", **LOW), (5, 2, 0, math.hypot(1, 3))),
        ("no-confidences-are-zero", case_of(TWO, prob_threshold=0.5), (0.0,)),
        ("zero-threshold-masks-nothing", case_of(TWO, **seen(-1) | {"prob_threshold": 0.0}), (3.0,)),
        ("epsilon-subtracted-twice", case_of(TWO, epsilon=2.0), (0.5,)),
        ("divides-by-frames-alone", case_of(TWO), (4.0,)),
        ("divides-by-ids", case_of(BACK, segment_ids=ids(0, 1, 1, 0)), (0.5,)),
        ("mean-for-none", case_of(TWO, reduction="none"), (3.0,)),
        ("nan-skipped-by-sum", case_of([*TWO, [NAN, 0, 5, 6]]), (2.0,)),
        ("empty-valid-mean-is-nan", case_of(TWO), (3.0,)),
        ("time-reversed", case_of(TWO, reduction="none"), (0.0, 5.0, 5.0, 2.0)),
        ("result-transposed", case_of(TWO, reduction="none"), (5.0, 0.0, 2.0, 5.0)),
        ("short-steps-are-rest", case_of([[0, 0], [1e-9, 0], [1e-7, 0]], reduction="sum"), (1e-7 - 1e-9,)),
        ("fourth-power", case_of([[0, 0], [1e80, 0], [1e80, 1e-90]], reduction="none"), (math.inf, 0.0)),
        ("segments-cut-twice", case_of(BACK, segment_ids=ids(0, 1, 1, 1), reduction="sum"), (1.0,)),
        ("omit-whole-segments", case_of(HOLE, segment_ids=ids(0, 0, 1, 1), nan_policy="omit"), (0.5,)),
        ("omit-by-first-sequence", case_of(HOLE, nan_policy="omit"), (1 / 3,)),
        ("quantile-default-is-95", case_of([[0, 0], [0, 0], [1, 0]], Op.EPSILON), (0.95,)),
        ("quantile-over-all-keypoints", case_of(TWO, Op.EPSILON, quantile=1.0), (5.0, 5.0)),
        ("columns-first", case_of([[0, 0], [3, 4]]), (1.0,)),
        ("epsilon-default-is-one", case_of([[0, 0], [3, 4]]), (4.0,)),
        ("threshold-default-is-half", case_of(TWO, confidences=LOW["confidences"]), (1.75,)),
        ("reduction-default-is-sum", case_of(TWO), (12.0,)),
        ("reduction-default-is-none", case_of(TWO), (5.0, 2.0, 0.0, 5.0)),
        ("reduction-default-is-valid-mean", case_of(TWO, **LOW), (7 / 3,)),
        ("policy-default-is-omit", case_of(HOLE), (1 / 3,)),
    ],
)
def test_worked_by_hand(name: str, case: Case, due: tuple[float, ...]) -> None:
    assert wrong(name, case) == pytest.approx(due, rel=1e-15)


def test_worked_by_hand_gradients() -> None:
    case = case_of([[0, 0, 7, 7], [3, 4, 7, 7]], Op.GRADIENT)
    assert wrong("gradient-sign-flipped", case, "gradient") == (0.3, 0.4, 0, 0, -0.3, -0.4, 0, 0)
    assert wrong("gradient-of-sum", case, "gradient") == (-0.6, -0.8, 0, 0, 0.6, 0.8, 0, 0)
    assert wrong("gradient-of-later-frame", case, "gradient") == (0, 0, 0, 0, 0.3, 0.4, 0, 0)
    at_rest = wrong("gradient-nan-at-rest", case, "gradient")
    assert [math.isnan(v) for v in at_rest] == [False, False, True, True] * 2
    flushed = wrong(
        "half-gradient-flushed", case_of([[0, 0], [1, 2.0**-20]], Op.GRADIENT, "float16"), "gradient"
    )
    assert flushed == (-1.0, 0.0, 1.0, 0.0)
    # 0.6 is 1228.8 * 2**-11, 0.8 is 1638.4 * 2**-11, and their difference 1638.4 * 2**-13.
    turn = case_of([[0, 0], [3, 4], [-1, 7]], Op.GRADIENT, "float16", reduction="sum")
    assert turn.expected["gradient"].array.values[:4] == (
        -1229 / 2048,
        -1638 / 2048,
        1434 / 1024,
        1638 / 8192,
    )
    cut_off = wrong("half-gradient-cut", turn, "gradient")
    assert cut_off[:4] == (-1228 / 2048, -1638 / 2048, 1433 / 1024, 1638 / 8192)
    in_parts = wrong("half-gradient-in-parts", turn, "gradient")
    assert in_parts[:4] == (-1229 / 2048, -1638 / 2048, 1434 / 1024, (1638 - 1229) / 2048)
    tied = case_of([[0, 0], [3, 4]], Op.GRADIENT, epsilon=5.0)
    assert wrong("gradient-half-at-tie", tied, "gradient") == (-0.3, -0.4, 0.3, 0.4)
    long = case_of([[0, 0], [3, 4], [6, 8]], Op.GRADIENT, reduction="sum")
    assert wrong("gradient-without-last-frame", long, "gradient") == (-0.6, -0.8, 0, 0, 0, 0)


def test_worked_by_hand_nan() -> None:
    case = case_of([[0, 0], [NAN, 4]], confidences=sure([1], [0]), prob_threshold=0.5)
    assert math.isnan(wrong("mask-multiplies", case)[0])
    assert kills(case, wrong_answer(KNOWN["mask-multiplies"], case))
    assert wrong("nan-hidden-by-mask", case_of([[0, 0], [NAN, 4]])) == (0.0,)
    assert math.isnan(wrong("quantile-spoilt-by-infinity", case_of(OUT, Op.EPSILON, quantile=0.0))[0])
    assert math.isnan(wrong("quantile-leaks-masked", case_of(TWO, Op.EPSILON, **LOW))[1])
    assert math.isnan(wrong("infinity-is-nan", case_of(OUT))[0])
    assert math.isnan(wrong("epsilon-relative", case_of(OUT, epsilon=0.5))[0])
    assert math.isnan(wrong("mean-of-joins-is-nan", case_of(TWO, segment_ids=ids(0, 1, 2)))[0])
    alone = wrong("gradient-nan-in-its-axis-only", case_of([[0, 0], [NAN, 4]], Op.GRADIENT), "gradient")
    assert [math.isnan(v) for v in alone] == [True, False] * 2


@pytest.mark.parametrize(
    ("name", "threshold", "due"),
    [
        # Of the confidences 0.5, 0.5 + 2**-11 and 0.5 + 2**-10, those from the threshold on are kept.
        ("threshold-ties-away", 0.5 + 2**-12, (0.0, 1.0, 1.0)),
        ("threshold-cut", 0.5 + 2**-10 - 2**-30, (0.0, 1.0, 1.0)),
        ("threshold-rounded-twice", 0.5 + 2**-12 + 2**-40, (1.0, 1.0, 1.0)),
    ],
)
def test_worked_by_hand_thresholds(name: str, threshold: float, due: tuple[float, ...]) -> None:
    row = (0.5, 0.5 + 2**-11, 0.5 + 2**-10)
    rows = [[0] * 6, [1, 0] * 3]
    level = Array("float16", (2, 3), row * 2)
    case = case_of(rows, confidences=level, prob_threshold=threshold, reduction="none")
    assert wrong(name, case) == due != case.expected["loss"].array.values


@pytest.mark.parametrize(
    ("name", "threshold", "due"),
    [
        # Of the 2nd, 3rd and 4th smallest number, those from the threshold on are kept.
        ("small-threshold-cut", 3.75, (0.0, 1.0, 1.0)),
        ("small-threshold-flushed", 3.75, (1.0, 1.0, 1.0)),
        ("small-threshold-as-normal", 2.5, (0.0, 1.0, 1.0)),
    ],
)
def test_worked_by_hand_thresholds_below_the_normal_numbers(
    name: str, threshold: float, due: tuple[float, ...]
) -> None:
    level = Array("float16", (2, 3), tuple(n * 2.0**-24 for n in (2, 3, 4, 2, 3, 4)))
    asked = {"confidences": level, "prob_threshold": threshold * 2.0**-24, "reduction": "none"}
    case = case_of([[0] * 6, [1, 0] * 3], **asked)
    assert wrong(name, case) == due != case.expected["loss"].array.values
    usual = case_of([[0] * 6, [1, 0] * 3], **asked | {"prob_threshold": 2.0**-13 + 2.0**-24})
    assert wrong(name, usual) == usual.expected["loss"].array.values


def test_wrong_ways_to_round() -> None:
    assert cut(3.75 * 2.0**-24, "float16") == 3 * 2.0**-24
    assert cut(0.75 * 2.0**-24, "float16") == 0.0
    assert cut(2.0**-14 - 2.0**-26, "float16") == 2.0**-14 - 2.0**-24
    assert cut(0.5 - 2**-40, "float32") == 0.5 - 2**-25
    assert cut(-1 - 2**-11, "float16") == -1.0
    assert ties_away(-1 - 2**-11, "float16") == -1 - 2**-10
    assert [ties_away(1 + tail, "float16") for tail in (2**-12, 2**-11 - 2**-40)] == [1.0, 1.0]
    for number in (0.0, 1.5, -1024.0):
        assert cut(number, "bfloat16") == ties_away(number, "bfloat16") == number


def test_whole_epsilons_of_their_own_kind_widen_the_result() -> None:
    case = case_of([[0, 0, 0, 0], [3, 4, 1, 0]], dtype="float32", epsilon=[3, 1])
    answer: Any = wrong_answer(KNOWN["epsilons-kept-whole"], case)
    assert answer["loss"] == Array("float64", (), (1.0,))
    assert kills(case, answer)


def test_worked_by_hand_refusals() -> None:
    odd = case_of([[0, 0, 1], [3, 4, 1]])
    assert odd.error is ErrorKind.SHAPE
    assert wrong_answer(KNOWN["accepts-odd-width"], odd) is None
    assert wrong_answer(KNOWN["refuses-all-as-type"], odd) is ErrorKind.TYPE
    assert wrong_answer(KNOWN["squared-length"], odd) is ErrorKind.SHAPE
    assert wrong_answer(KNOWN["shape-is-a-type"], odd) is ErrorKind.TYPE
    assert wrong_answer(KNOWN["value-is-a-type"], odd) is ErrorKind.SHAPE
    for word, read in (("Mean", "reduction-in-any-case"), ("mean\n", "reduction-trimmed")):
        told = case_of(TWO, reduction=word)
        assert wrong_answer(KNOWN[read], told) is None
        assert wrong_answer(KNOWN[read], case_of(TWO, reduction="average")) is ErrorKind.VALUE
        assert wrong_answer(KNOWN[read.replace("reduction", "policy")], told) is ErrorKind.VALUE
    assert wrong_answer(KNOWN["policy-trimmed"], case_of(TWO, nan_policy=" omit ")) is None
    assert wrong_answer(KNOWN["policy-in-any-case"], case_of(TWO, nan_policy="OMIT")) is None
    signed = case_of(TWO, epsilon=-0.0)
    assert signed.expected["loss"] == case_of(TWO, epsilon=0.0).expected["loss"]
    assert wrong_answer(KNOWN["refuses-negative-zero"], signed) is ErrorKind.VALUE
    assert isinstance(wrong_answer(KNOWN["refuses-negative-zero"], case_of(TWO, epsilon=0.0)), dict)
    listed = case_of(TWO, epsilon=[1.5, -0.0])
    assert wrong_answer(KNOWN["refuses-negative-zero-in-list"], listed) is ErrorKind.VALUE
    assert isinstance(wrong_answer(KNOWN["refuses-negative-zero-in-list"], signed), dict)
    three = case_of(TWO, epsilon=[1.0, 2.0, 3.0])
    assert wrong_answer(KNOWN["ignores-spare-epsilons"], three) is None
    assert wrong_answer(KNOWN["broadcasts-one-epsilon"], three) is ErrorKind.SHAPE
    assert wrong_answer(KNOWN["refuses-two-frames"], case_of(ONE)) is ErrorKind.SHAPE
    assert wrong_answer(KNOWN["refuses-nan"], case_of([[0, 0], [NAN, 4]])) is ErrorKind.VALUE
    assert wrong_answer(KNOWN["refuses-whole-numbers"], case_of(TWO, epsilon=[1.5, 2])) is ErrorKind.VALUE
    assert (
        wrong_answer(KNOWN["refuses-whole-numbers"], case_of(TWO, epsilon=[1.5, 2.0])) is not ErrorKind.VALUE
    )
    bold = case_of(TWO, **LOW | {"prob_threshold": -0.5})
    assert wrong_answer(KNOWN["threshold-must-be-probability"], bold) is ErrorKind.VALUE
    assert wrong_answer(KNOWN["epsilon-along-time"], case_of(TWO[:2], epsilon=[1.0, 2.0])) is ErrorKind.SHAPE
