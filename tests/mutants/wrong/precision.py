"""Mistakes about dtypes and rounding."""

from __future__ import annotations

from typing import Any

from conformance.model import Status
from mutants.checks import HALVES, Question, dtype_name
from mutants.plain import Loss, Parts
from mutants.registry import mutant


@mutant("value-half-f16-009", passes="value-half-f16-001")
class HalfDifferences(Loss):
    """Subtracts in half precision and widens afterwards."""

    def parts(self, q: Question) -> Parts:
        parts = super().parts(q)
        if dtype_name(q.keypoints) not in HALVES:
            return parts
        steps = self.xp.astype(self.steps(self.points(q.keypoints)), self.xp.float32)
        return parts._replace(lengths=self.lengths(self.shown(steps, parts.hidden)))


@mutant("value-half-f16-001", passes="value-exact-f16-001")
class HalfSquares(Loss):
    """Squares in half precision, which overflows from 256 pixels on."""

    def parts(self, q: Question) -> Parts:
        parts = super().parts(q)
        if dtype_name(q.keypoints) not in HALVES:
            return parts
        steps = self.xp.astype(parts.steps, q.keypoints.dtype)
        squares = self.xp.astype(steps * steps, self.xp.float32)
        return parts._replace(lengths=self.root(self.xp.sum(squares, axis=-1)))


@mutant("value-half-f16-007", passes="value-exact-f16-004")
class HalfSum(Loss):
    """Adds up in half precision, one entry after the other."""

    def reduced(self, q: Question, entries: Any, parts: Parts) -> Any:
        if q.reduction != "sum":
            return super().reduced(q, entries, parts)
        entries = self.xp.reshape(entries, (-1,))
        total = self.number(0.0, entries)
        for place in range(entries.shape[0]):
            total = self.xp.astype(self.xp.astype(total + entries[place], q.keypoints.dtype), entries.dtype)
        return total


@mutant("value-half-f16-010", passes="value-half-f16-001")
class SubnormalsFlushed(Loss):
    """Reads the smallest float16 numbers as 0."""

    def widened(self, keypoints: Any) -> Any:
        wide = super().widened(keypoints)
        half = dtype_name(keypoints) == "float16"
        return self.zeroed(wide, self.xp.abs(wide) < 2.0**-14) if half else wide


@mutant("value-exact-f16-001", passes="value-exact-f32-001")
class HalfResult(Loss):
    """Gives the result in the dtype of the keypoints, halves too."""

    def loss(self, q: Question) -> Any:
        return self.xp.astype(super().loss(q), q.keypoints.dtype)


@mutant("value-exact-f16-001", passes="value-exact-f64-001")
class DoubleResult(Loss):
    """Gives float64 whatever comes."""

    def loss(self, q: Question) -> Any:
        return self.xp.astype(super().loss(q), self.xp.float64)


@mutant("value-exact-f64-001", passes="value-exact-f32-001")
class SingleResult(Loss):
    """Gives float32 whatever comes."""

    def loss(self, q: Question) -> Any:
        return self.xp.astype(super().loss(q), self.xp.float32)


@mutant("value-rest-f16-001", Status.WRONGLY_REJECTED, passes="value-exact-f32-001")
class HalfRefused(Loss):
    """Refuses half precision."""

    def check_kinds(self, q: Question) -> None:
        self.check_kind("keypoints", q.keypoints, ("float32", "float64"))


@mutant("value-random-f64-002", passes="value-exact-f64-002")
class KeypointsInFloat32(Loss):
    """Converts float64 keypoints to float32 and back."""

    def widened(self, keypoints: Any) -> Any:
        return self.xp.astype(self.xp.astype(keypoints, self.xp.float32), keypoints.dtype)


@mutant("value-random-f64-008", passes="value-exact-f64-005")
class LengthsInFloat32(Loss):
    """Rounds float64 lengths to float32."""

    def lengths(self, steps: Any) -> Any:
        lengths = super().lengths(steps)
        return self.xp.astype(self.xp.astype(lengths, self.xp.float32), steps.dtype)


@mutant("value-random-f64-007", passes="value-random-f64-008")
class SumInFloat32(Loss):
    """Adds up in float32."""

    def total(self, entries: Any) -> Any:
        return self.xp.astype(super().total(self.xp.astype(entries, self.xp.float32)), entries.dtype)


@mutant("value-random-f64-001", passes="value-exact-f64-002")
class WholePixels(Loss):
    """Cuts coordinates to whole pixels."""

    def widened(self, keypoints: Any) -> Any:
        return self.xp.floor(super().widened(keypoints))


@mutant("value-exact-f64-001", passes="value-exact-f64-005")
class ScalarWithAnAxis(Loss):
    """Gives the scalar in an array of one axis."""

    def reduced(self, q: Question, entries: Any, parts: Parts) -> Any:
        found = super().reduced(q, entries, parts)
        return found if q.reduction == "none" else self.xp.reshape(found, (1,))


@mutant("value-exact-f64-001", passes="value-exact-f64-005")
class PythonFloat(Loss):
    """Gives a number of Python and no array."""

    def reduced(self, q: Question, entries: Any, parts: Parts) -> Any:
        found = super().reduced(q, entries, parts)
        return found if q.reduction == "none" else float(found)
