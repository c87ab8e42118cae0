"""Plain, correct answers to what a function `temporal_loss` alone cannot answer.

The two metrics, the stages of a class, and a gradient that is written by hand, as in a language
without automatic differentiation.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar

from conformance.model import Op, Request, Unsupported
from conformance.subjects.native import NativeSubject
from mutants.checks import Question
from mutants.plain import Loss, Parts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.subjects.backends.protocol import Backend, Function

    Arrays = Mapping[str, Any]


class DirectSubject(NativeSubject):
    """A subject that fills in the outputs of one operation by itself."""

    def __init__(self, name: str, answers: Direct, backend: Backend, device: str, mode: str) -> None:
        super().__init__(f"{name}@{backend.name}/{device}/{mode}", backend, device, mode)
        self.answers = answers

    def function(self, request: Request) -> Function | Unsupported:
        if request.op is not self.answers.op:
            return Unsupported(f"answers {self.answers.op} only")
        return lambda inputs: self.answers.outputs(inputs, request.params)

    def _prepare(self, request: Request) -> Function | Unsupported:
        return self.function(request)


class Direct(Loss):
    """Base of what gives the outputs of an operation."""

    op: ClassVar[Op]

    def subject(self, name: str, backend: Backend, device: str, mode: str) -> NativeSubject:
        """Make a subject of the suite."""
        return DirectSubject(name, self, backend, device, mode)

    def outputs(self, inputs: Arrays, params: Arrays) -> dict[str, Any]:
        q = Question(**{**params, **inputs})
        self.check(q)
        return self.answer(q)

    def answer(self, q: Question) -> dict[str, Any]:
        raise NotImplementedError


class Stages(Direct):
    """The three stages of the class, one after the other."""

    op = Op.STAGES

    def answer(self, q: Question) -> dict[str, Any]:
        points = self.points(self.widened(q.keypoints))
        hidden = self.hidden(q, points)
        epsilon = self.epsilons(q, points)
        differences = self.lengths(self.steps(points))
        masked = self.masked(differences, hidden)
        return {
            "differences": differences,
            "masked": masked,
            "rectified": self.rectified(masked, epsilon),
        }


class ByHand(Direct):
    """Loss and gradient: unit vectors over the count, added to the two frames of each step."""

    op = Op.GRADIENT

    def answer(self, q: Question) -> dict[str, Any]:
        parts = self.parts(q)
        entries = self.entries(q, parts)
        scatter = self.scattered(self.units(q, parts, entries))
        gradient = self.shaped(self.narrowed(scatter, q.keypoints), q.keypoints)
        return {"loss": self.reduced(q, entries, parts), "gradient": gradient}

    def units(self, q: Question, parts: Parts, entries: Any) -> Any:
        still = parts.hidden | (parts.lengths <= self.epsilons(q, parts.points))
        lengths = self.xp.where(still, self.xp.ones_like(parts.lengths), parts.lengths)
        units = self.zeroed(parts.steps / lengths[..., None], still[..., None])
        return units if q.reduction == "sum" else self.ratio(units, self.divisor(q, entries, parts))

    def scattered(self, units: Any) -> Any:
        none = self.xp.zeros_like(units[..., :1, :, :])
        return self.xp.concat([none, units], axis=-3) - self.xp.concat([units, none], axis=-3)

    def narrowed(self, gradient: Any, keypoints: Any) -> Any:
        return self.xp.astype(gradient, keypoints.dtype)

    def shaped(self, gradient: Any, keypoints: Any) -> Any:
        return self.xp.reshape(gradient, tuple(keypoints.shape))


class Norm(Direct):
    """`temporal_norm`."""

    op = Op.NORM

    def answer(self, q: Question) -> dict[str, Any]:
        return {"norm": self.framed(self.lengths(self.steps(self.points(self.widened(q.keypoints)))))}

    def framed(self, lengths: Any) -> Any:
        return self.xp.concat([self.first(lengths), lengths], axis=-2)

    def first(self, lengths: Any) -> Any:
        return self.xp.full_like(lengths[..., :1, :], math.nan)


class Estimate(Direct):
    """`estimate_epsilon`."""

    op = Op.EPSILON

    def outputs(self, inputs: Arrays, params: Arrays) -> dict[str, Any]:
        quantile = params.get("quantile", 0.99)
        q = Question(**{k: v for k, v in {**params, **inputs}.items() if k != "quantile"})
        self.check(q)
        if not isinstance(quantile, int | float) or not 0 <= quantile <= 1:
            message = f"quantile of {quantile!r}"
            raise ValueError(message)
        return {"epsilon": self.quantiles(q, quantile)}

    def quantiles(self, q: Question, quantile: float) -> Any:
        points = self.points(self.widened(q.keypoints))
        lengths = self.lengths(self.steps(points))
        dropped = self.dropped(self.hidden(q, points), lengths)
        return self.xp.stack(
            [
                self.quantile(self.kept(lengths[..., k], dropped[..., k]), quantile)
                for k in range(lengths.shape[-1])
            ]
        )

    def dropped(self, hidden: Any, lengths: Any) -> Any:
        return hidden | self.xp.isnan(lengths)

    def kept(self, lengths: Any, dropped: Any) -> Any:
        return self.xp.sort(lengths[~dropped])

    def quantile(self, ordered: Any, quantile: float) -> Any:
        if ordered.shape[0] == 0:
            return self.nothing(ordered)
        place = quantile * self.span(ordered)
        low = math.floor(place)
        high = min(low + 1, ordered.shape[0] - 1)
        return self.between(ordered[low], ordered[high], place - low)

    def nothing(self, ordered: Any) -> Any:
        return self.number(math.nan, ordered)

    def span(self, ordered: Any) -> int:
        return int(ordered.shape[0]) - 1

    def between(self, low: Any, high: Any, weight: float) -> Any:
        return low * (1 - weight) + high * weight
