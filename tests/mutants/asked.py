"""Mutants that show only in a variation: in another layout, among other calls, below something else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.model import Status
from mutants.autodiff import TORCH
from mutants.harness import mutant
from mutants.plain import Loss, Parts, dtype_name

if TYPE_CHECKING:
    from mutants.plain import Question

NUMPY = ("numpy",)
STRICT = ("strict",)


@mutant("gradient-moving-f64-001", way="upstream", survives="value-exact-f64-003", on=TORCH)
class UpstreamIgnored(Loss):
    """Brings a gradient of its own, and leaves out what comes from above."""

    def loss(self, q: Question) -> Any:
        if not q.keypoints.requires_grad:
            return super().loss(q)
        leaf = q.keypoints.detach().requires_grad_()
        loss = super().loss(q._replace(keypoints=leaf))
        (gradient,) = self.xp.autograd.grad(loss, leaf)

        class Own(self.xp.autograd.Function):  # type: ignore[misc, name-defined]
            @staticmethod
            def forward(ctx: Any, keypoints: Any) -> Any:
                del ctx, keypoints
                return loss.detach()

            @staticmethod
            def backward(ctx: Any, above: Any) -> Any:
                del ctx, above
                return gradient

        return Own.apply(q.keypoints)


@mutant("gradient-moving-f64-001", way="inner", survives="value-exact-f64-003", on=TORCH)
class LeavesAlone(Loss):
    """Takes the gradient of leaves, and makes one of what is none."""

    def parts(self, q: Question) -> Parts:
        if not q.keypoints.is_leaf:
            q = q._replace(keypoints=q.keypoints.detach().requires_grad_())
        return super().parts(q)


@mutant(
    "gradient-kink-f64-003",
    way="by-epsilon",
    status=Status.CRASH,
    survives="value-exact-f64-003",
    on=TORCH,
)
class EpsilonDetached(Loss):
    """Takes an array of epsilons for plain numbers."""

    def epsilons(self, q: Question, points: Any) -> Any:
        return super().epsilons(q, points).detach()


@mutant("gradient-kink-f64-003", way="by-epsilon", survives="value-exact-f64-003", on=TORCH)
class EpsilonOfMasked(Loss):
    """Subtracts epsilon before it takes the maximum of what is below too, so that all of them pull at it."""

    def rectified(self, entries: Any, epsilon: Any) -> Any:
        return super().rectified(entries, epsilon.detach()) + (epsilon.detach() - epsilon)


class Doubles(Loss):
    """Base of what is wrong with float64 keypoints alone."""

    def widened(self, keypoints: Any) -> Any:
        return self.read(keypoints) if dtype_name(keypoints) == "float64" else super().widened(keypoints)

    def read(self, keypoints: Any) -> Any:
        raise NotImplementedError


@mutant("value-exact-f64-003", way="strided", survives="value-exact-f32-003", on=NUMPY)
class RawMemory(Doubles):
    """Reads the memory of the keypoints from its start, element by element."""

    def read(self, keypoints: Any) -> Any:
        import numpy as np  # noqa: PLC0415

        strides = np.empty(keypoints.shape, keypoints.dtype).strides
        return np.lib.stride_tricks.as_strided(keypoints, strides=strides)


@mutant("value-exact-f64-003", way="strided", survives="value-exact-f32-003", on=TORCH)
class Storage(Doubles):
    """Reads the storage of the keypoints from its start."""

    def read(self, keypoints: Any) -> Any:
        return keypoints.as_strided(keypoints.shape, self.xp.empty(keypoints.shape).stride())


@mutant("value-kink-f64-001", way="reversed", survives="value-exact-f32-003", on=NUMPY)
class StridesWithoutSign(Doubles):
    """Walks along the strides of the keypoints, their signs dropped."""

    def read(self, keypoints: Any) -> Any:
        return keypoints[tuple(slice(None, None, -1 if s < 0 else 1) for s in keypoints.strides)]


@mutant("value-exact-f64-003", way="column-major", survives="value-exact-f32-003", on=NUMPY)
class MemoryOrder(Doubles):
    """Takes the keypoints in the order in which they lie in memory."""

    def read(self, keypoints: Any) -> Any:
        return keypoints.ravel(order="K").reshape(keypoints.shape)


@mutant(
    "value-exact-f64-003",
    way="read-only",
    status=Status.WRONGLY_REJECTED,
    survives="value-exact-f32-003",
    on=NUMPY,
)
class ChangedAndRestored(Doubles):
    """Doubles the keypoints, and halves them again before anybody looks."""

    def read(self, keypoints: Any) -> Any:
        keypoints *= 2
        points = keypoints / 2
        keypoints /= 2
        return points


@mutant("value-exact-f64-003", way="refilled", survives="value-rest-f64-001")
class RemembersById(Loss):
    """Keeps the lengths of keypoints by the id of their array."""

    def parts(self, q: Question) -> Parts:
        kept = self.__dict__.setdefault("_kept", {})
        return kept.setdefault(id(q.keypoints), super().parts(q))


@mutant("value-kink-f64-003", way="refilled", survives="value-exact-f64-003")
class RemembersList(Loss):
    """Keeps the epsilons of a list by its id."""

    def epsilons(self, q: Question, points: Any) -> Any:
        kept = self.__dict__.setdefault("_kept", {})
        return kept.setdefault(id(q.epsilon), super().epsilons(q, points))


@mutant("value-exact-f64-003", way="kept", survives="value-rest-f64-001")
class OneBuffer(Loss):
    """Gives all results of a shape in the same memory."""

    def loss(self, q: Question) -> Any:
        found = super().loss(q)
        kept = self.__dict__.setdefault("_kept", {})
        buffer = kept.setdefault((found.shape, found.dtype), self.xp.zeros_like(self.xp.asarray(found)))
        buffer[...] = found
        return buffer


@mutant("value-segments-f32-037", way="kept", survives="value-exact-f64-003", on=("dask",))
class ListReadLate(Loss):
    """Reads the list of epsilons when the loss is computed, and not when it is called."""

    def rectified(self, entries: Any, epsilon: Any) -> Any:
        del epsilon
        return entries

    def entries(self, q: Question, parts: Parts) -> Any:
        import numpy as np  # noqa: PLC0415

        entries = super().entries(q, parts)
        return entries.map_blocks(lambda block: np.maximum(block - q.epsilon, 0), dtype=entries.dtype)


@mutant("value-exact-f64-003", way="threads", survives="value-rest-f64-001")
class OneQuestionAtATime(Loss):
    """Keeps the keypoints where another call puts its own."""

    def loss(self, q: Question) -> Any:
        self._keypoints = q.keypoints
        return super().loss(q)

    def steps(self, points: Any) -> Any:
        return super().steps(self.points(self.widened(self._keypoints))) + 0 * points[..., 1:, :, :]


@mutant("value-kink-f64-003", survives="value-exact-f64-003")
class ListSorted(Loss):
    """Sorts the caller's list of epsilons."""

    def loss(self, q: Question) -> Any:
        found = super().loss(q)
        if isinstance(q.epsilon, list):
            q.epsilon.sort()
        return found


@mutant("value-confidence-f32-018", way="large", survives="value-exact-f32-007", on=NUMPY)
class CountedOneByOne(Loss):
    """Counts in float32, one by one: at 2**24 one more is none."""

    def count(self, which: Any, entries: Any) -> Any:
        ones = self.xp.reshape(self.xp.astype(which, entries.dtype), (-1,))
        return self.xp.cumulative_sum(ones)[-1]


@mutant("value-segments-f32-033", way="large", survives="value-segments-f32-018", on=NUMPY)
class CountedInShort(Loss):
    """Counts in 16 bits, beyond which the number of frames goes."""

    def count(self, which: Any, entries: Any) -> Any:
        few = self.xp.sum(self.xp.astype(which, self.xp.int16), dtype=self.xp.int16)
        return self.xp.astype(few, entries.dtype)


@mutant("value-shape-f32-005", survives="value-exact-f32-001")
class SixtyFourKeypoints(Loss):
    """Keeps 64 keypoints, and reads rest for all after them."""

    def points(self, keypoints: Any) -> Any:
        points = super().points(keypoints)
        kept = self.xp.arange(points.shape[-2]) < 64
        return self.zeroed(points, ~kept[:, None])


@mutant("value-exact-f32-001", way="long", survives="value-exact-f32-002", on=STRICT)
class FramesInShort(Loss):
    """Keeps the number of a frame in 16 bits, and so takes the first ones again."""

    def points(self, keypoints: Any) -> Any:
        points = super().points(keypoints)
        index = self.xp.arange(points.shape[-3], dtype=self.xp.int64) % 2**16
        return self.xp.take(points, index, axis=-3)


@mutant("value-exact-f32-001", way="long", status=Status.CRASH, survives="value-exact-f32-002", on=STRICT)
class Recursive(Loss):
    """Calls itself for each frame."""

    def total(self, entries: Any) -> Any:
        return self._from(self.xp.sum(entries, axis=-1), 0)

    def _from(self, sums: Any, start: int) -> Any:
        return sums[start] + self._from(sums, start + 1) if start < sums.shape[0] else self.xp.sum(sums[:0])


@mutant("value-exact-f16-006", way="large", survives="value-exact-f16-002", on=NUMPY)
class CountedInHalf(Loss):
    """Divides by a count in the dtype of the keypoints, which at 65520 is infinite in float16."""

    def divisor(self, q: Question, entries: Any, parts: Parts) -> Any:
        return self.xp.astype(super().divisor(q, entries, parts), q.keypoints.dtype)
