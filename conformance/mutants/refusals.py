"""What is refused, and as what. These mutants change no number."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from conformance.bits import FORMATS
from conformance.model import ErrorKind
from conformance.mutants.registry import mutant
from conformance.oracle.problem import HALVES
from conformance.oracle.refusals import CHECKS, POLICIES, REDUCTIONS, refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.model import Request

    Test = Callable[[Request], bool]


def accepts(what: str, *faults: str, where: Test = lambda _: True) -> None:
    """Declare a mutant that does not see faults, by the names of `conformance.oracle.refusals`."""

    def refuse(request: Request) -> ErrorKind | None:
        due, left = refusal(request), refusal(request, faults)
        return left if left is not due and where(request) else due

    mutant(what, refuses=refuse)


def refuses(what: str, kind: ErrorKind, where: Test) -> None:
    """Declare a mutant that refuses more than it should."""
    mutant(what, refuses=lambda request: kind if where(request) else refusal(request))


def told_as(what: str, kind: ErrorKind, *due: ErrorKind) -> None:
    """Declare a mutant that refuses what it should, and calls some kinds of reasons another."""

    def refuse(request: Request) -> ErrorKind | None:
        found = refusal(request)
        return kind if found in due else found

    mutant(what, refuses=refuse)


def dtype(request: Request, name: str) -> str:
    """Dtype of an input, empty where there is none."""
    return request.inputs[name].dtype if name in request.inputs else ""


def shape(request: Request, name: str = "keypoints") -> tuple[int, ...]:
    """Shape of an input."""
    return request.inputs[name].shape


def numbers(request: Request, name: str) -> list[Any]:
    """Parameter as a list; empty where it is not given."""
    given = request.params.get(name, [])
    return given if isinstance(given, list) else [given]


def is_negative_zero(value: object) -> bool:
    """Whether a parameter is 0 with a sign."""
    return value == 0 and isinstance(value, float) and math.copysign(1, value) < 0


def known_as(request: Request, name: str, read: Callable[[str], str]) -> bool:
    """Whether a word would be known if it were read otherwise."""
    given = request.params[name]
    return isinstance(given, str) and read(given) in (*REDUCTIONS, *POLICIES)


def epsilons(request: Request) -> int:
    """Count the epsilons of a list; -1 where there is none."""
    given = request.params.get("epsilon")
    return len(given) if isinstance(given, list) else -1


# Arrays -------------------------------------------------------------------------------------

accepts("accepts-wrong-dtype: Takes integer, boolean or complex keypoints.", "keypoints-dtype")
accepts(
    "accepts-integer-keypoints: Converts integer keypoints to float64.",
    "keypoints-dtype",
    where=lambda request: dtype(request, "keypoints") == "int64",
)
accepts(
    "accepts-complex-keypoints: Takes the real part of complex keypoints.",
    "keypoints-dtype",
    where=lambda request: dtype(request, "keypoints").startswith("complex"),
)
accepts("accepts-any-confidences: Takes confidences that are not floating point.", "confidences-dtype")
accepts(
    "accepts-integer-confidences: Takes integers for confidences.",
    "confidences-dtype",
    where=lambda request: dtype(request, "confidences") == "int64",
)
accepts(
    "accepts-boolean-confidences: Takes booleans for confidences.",
    "confidences-dtype",
    where=lambda request: dtype(request, "confidences") == "bool",
)
accepts("accepts-one-axis: Takes keypoints without a time or a keypoint axis.", "keypoints-axes")
accepts("accepts-odd-width: Takes an odd number of flat columns.", "odd-width")
accepts("accepts-no-coordinates: Takes keypoints with no coordinates, D = 0.", "coordinate-axis-empty")
accepts(
    "accepts-swapped-axes: Takes more than three coordinates, as in time by space by keypoints.",
    "coordinate-axis-long",
)
accepts("accepts-no-keypoints: Takes K = 0.", "no-keypoints")
accepts("accepts-one-frame: Takes fewer than two frames.", "few-frames")
accepts("broadcasts-confidences: Takes confidences of another shape.", "confidences-shape")
accepts(
    "broadcasts-confidences-of-frames: Spreads one confidence per frame over the keypoints.",
    "confidences-shape",
    where=lambda request: "confidences" in request.inputs and shape(request, "confidences")[-1:] == (1,),
)
accepts("accepts-any-segments: Takes segment_ids that are not integers.", "segments-dtype")
accepts(
    "accepts-floating-segments: Takes segment_ids that are floating point.",
    "segments-dtype",
    where=lambda request: dtype(request, "segment_ids") in FORMATS,
)
accepts("broadcasts-segments: Takes segment_ids of another shape.", "segments-shape")
accepts(
    "broadcasts-segments-over-batch: Spreads the segment_ids of one sequence over a batch.",
    "segments-shape",
    where=lambda request: (
        "segment_ids" in request.inputs and shape(request, "segment_ids") == shape(request)[-3:-2]
    ),
)
refuses("refuses-batches: Refuses keypoints with leading axes.", ErrorKind.SHAPE, lambda r: len(shape(r)) > 3)
refuses(
    "refuses-empty-batch: Refuses a batch of no sequence.",
    ErrorKind.SHAPE,
    lambda request: 0 in shape(request)[:-3],
)
refuses(
    "plane-only: Refuses any number of coordinates but two.",
    ErrorKind.SHAPE,
    lambda request: len(shape(request)) > 2 and shape(request)[-1] != 2,
)
refuses(
    "refuses-two-frames: Refuses two frames, the fewest there can be.",
    ErrorKind.SHAPE,
    lambda request: shape(request)[-3:][:1] == (2,),
)
refuses(
    "refuses-nan: Refuses keypoints that hold NaN.",
    ErrorKind.VALUE,
    lambda request: any(map(math.isnan, request.inputs["keypoints"].values)),
)
refuses(
    "refuses-half: Refuses half precision.",
    ErrorKind.TYPE,
    lambda request: dtype(request, "keypoints") in HALVES,
)
refuses(
    "refuses-confidences-of-another-dtype: "
    "Refuses confidences of another floating dtype than the keypoints'.",
    ErrorKind.TYPE,
    lambda request: dtype(request, "confidences") not in ("", dtype(request, "keypoints")),
)

# Parameters ---------------------------------------------------------------------------------

accepts("accepts-any-epsilon-array: Takes an epsilon array that does not hold real numbers.", "epsilon-dtype")
accepts(
    "accepts-boolean-epsilon: Takes booleans for epsilons.",
    "epsilon-dtype",
    where=lambda request: dtype(request, "epsilon") == "bool",
)
accepts("broadcasts-epsilon: Takes a number of epsilons that is not K.", "epsilon-length")
accepts(
    "broadcasts-one-epsilon: Spreads a list of one epsilon over the keypoints.",
    "epsilon-length",
    where=lambda request: epsilons(request) == 1,
)
accepts(
    "accepts-no-epsilons: Takes an empty list for no epsilon.",
    "epsilon-length",
    where=lambda request: epsilons(request) == 0,
)
accepts(
    "ignores-spare-epsilons: Uses the first K of too many epsilons.",
    "epsilon-length",
    where=lambda request: epsilons(request) > shape(request)[-1] // 2,
)
accepts(
    "accepts-epsilon-row: Takes an epsilon array with an axis too many.",
    "epsilon-length",
    where=lambda request: "epsilon" in request.inputs and len(shape(request, "epsilon")) > 1,
)
accepts("accepts-epsilon-text: Takes an epsilon that is no number.", "epsilon-not-a-number")
accepts(
    "reads-epsilon-text: Reads a text as epsilon.",
    "epsilon-not-a-number",
    where=lambda request: any(isinstance(e, str) for e in numbers(request, "epsilon")),
)
accepts(
    "none-is-no-epsilon: Takes None for an epsilon of 0.",
    "epsilon-not-a-number",
    where=lambda request: None in numbers(request, "epsilon"),
)
accepts("accepts-infinite-epsilon: Takes an epsilon that is NaN or infinite.", "epsilon-not-finite")
accepts(
    "accepts-nan-epsilon: Asks whether epsilon is below 0 or infinite, which NaN is not.",
    "epsilon-not-finite",
    where=lambda request: any(map(math.isnan, numbers(request, "epsilon"))),
)
accepts(
    "infinite-epsilon-is-never-reached: Takes an infinite epsilon for one that is never reached.",
    "epsilon-not-finite",
    where=lambda request: math.inf in numbers(request, "epsilon"),
)
accepts("accepts-negative-epsilon: Takes a negative epsilon.", "epsilon-negative")
accepts(
    "accepts-almost-negative-epsilon: Takes a negative epsilon that is almost 0.",
    "epsilon-negative",
    where=lambda request: min(numbers(request, "epsilon")) > -1e-9,
)
refuses(
    "refuses-negative-zero: Refuses an epsilon of -0.0, for its sign.",
    ErrorKind.VALUE,
    lambda request: any(map(is_negative_zero, numbers(request, "epsilon"))),
)
refuses(
    "refuses-negative-zero-in-list: Refuses a list of epsilons that has -0.0 in it, for its sign.",
    ErrorKind.VALUE,
    lambda request: epsilons(request) > 0 and any(map(is_negative_zero, request.params["epsilon"])),
)
accepts(
    "only-first-epsilon-checked: Looks at the first of a list of epsilons only.",
    "epsilon-negative",
    "epsilon-not-finite",
    "epsilon-not-a-number",
    where=lambda request: epsilons(request) > 0 and request.params["epsilon"][0] == 1.0,
)
accepts("accepts-threshold-text: Takes a prob_threshold that is no number.", "threshold-not-a-number")
accepts("accepts-any-reduction: Takes an unknown reduction.", "unknown-reduction")
accepts(
    'reduction-in-any-case: Takes "Mean" for "mean".',
    "unknown-reduction",
    where=lambda request: known_as(request, "reduction", str.lower),
)
accepts(
    'reduction-trimmed: Takes " mean " for "mean".',
    "unknown-reduction",
    where=lambda request: known_as(request, "reduction", str.strip),
)
accepts(
    "none-is-mean: Takes a reduction of None for the mean.",
    "unknown-reduction",
    where=lambda request: request.params["reduction"] is None,
)
accepts("accepts-any-nan-policy: Takes an unknown nan_policy.", "unknown-nan-policy")
accepts(
    'policy-in-any-case: Takes "Omit" for "omit".',
    "unknown-nan-policy",
    where=lambda request: known_as(request, "nan_policy", str.lower),
)
accepts(
    'policy-trimmed: Takes " omit " for "omit".',
    "unknown-nan-policy",
    where=lambda request: known_as(request, "nan_policy", str.strip),
)
accepts("accepts-any-quantile: Takes a quantile outside 0 to 1.", "quantile-out-of-range")
accepts(
    "quantile-in-percent: Takes a quantile above 1 for percent.",
    "quantile-out-of-range",
    where=lambda request: any(isinstance(q, float) and 1 < q <= 100 for q in numbers(request, "quantile")),
)


def whole(request: Request, name: str) -> bool:
    """Whether a parameter, or one in its list, is a whole number."""
    return any(type(v) is int for v in numbers(request, name))


refuses(
    "refuses-whole-numbers: Takes a parameter that is a whole number for no number.",
    ErrorKind.VALUE,
    lambda request: any(whole(request, name) for name in request.params),
)
refuses(
    "refuses-whole-epsilon: Refuses an epsilon that is an int.",
    ErrorKind.TYPE,
    lambda request: type(request.params.get("epsilon")) is int,
)
refuses(
    "refuses-whole-epsilons: Refuses an int in a list of epsilons.",
    ErrorKind.TYPE,
    lambda request: epsilons(request) > 0 and whole(request, "epsilon"),
)
refuses(
    "refuses-whole-threshold: Refuses a prob_threshold that is an int.",
    ErrorKind.TYPE,
    lambda request: whole(request, "prob_threshold"),
)
refuses(
    "refuses-whole-quantile: Refuses a quantile that is an int.",
    ErrorKind.TYPE,
    lambda request: whole(request, "quantile"),
)
refuses(
    "refuses-epsilon-array-without-axes: Refuses an epsilon array without axes.",
    ErrorKind.SHAPE,
    lambda request: "epsilon" in request.inputs and shape(request, "epsilon") == (),
)

# Kinds --------------------------------------------------------------------------------------

accepts("refuses-nothing: Answers every input.", *(check.name for check in CHECKS))
told_as(
    "refuses-all-as-value: Refuses what it should, but names every reason a wrong value.",
    ErrorKind.VALUE,
    *ErrorKind,
)
told_as(
    "refuses-all-as-type: Refuses what it should, but names every reason a wrong type.",
    ErrorKind.TYPE,
    *ErrorKind,
)
told_as("dtype-is-a-value: Names a wrong dtype a wrong value.", ErrorKind.VALUE, ErrorKind.TYPE)
told_as("shape-is-a-type: Names a wrong shape a wrong type.", ErrorKind.TYPE, ErrorKind.SHAPE)
told_as(
    "value-is-a-type: Names a wrong value a wrong type, as a text compared with 0 raises TypeError.",
    ErrorKind.TYPE,
    ErrorKind.VALUE,
)
