"""What the loss asks of an array library, with defaults that are safe for an unknown one."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import array_api_compat

from temporal_loss import _stages
from temporal_loss._libraries import blocks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from types import ModuleType

    from temporal_loss._stages import Array, Entries, Frames, Parameters

FLOATING = frozenset({"float16", "bfloat16", "float32", "float64"})
_names: dict[tuple[type, Any], str] = {}


class Library:
    """An array library, and how the stages are run on its arrays.

    Attributes
    ----------
    xp : module
        Its namespace, of the array API standard.
    name : str
        What messages call it.
    """

    name = ""
    has_odd_arrays = True
    """Whether there are arrays that the stages cannot work on, or whose lengths are not known."""

    def __init__(self, xp: ModuleType) -> None:
        self.xp = xp
        self.name = self.name or xp.__name__.replace("_", "-")

    def knows_type(self, kind: type) -> bool:  # noqa: ARG002
        """Whether every instance of a type is an array of this library."""
        return True

    def is_compiling(self) -> bool:
        """Whether this code is being read by a compiler (torch.compile), rather than run."""
        return False

    def dtype_name(self, dtype: Any) -> str:
        """Name of a dtype without its library, such as "float32"."""
        # With its type, since some libraries warn where dtypes of two of them are compared.
        key = (type(dtype), dtype)
        name = _names.get(key)
        if name is None:
            name = getattr(dtype, "name", None) or str(dtype).rpartition(".")[2]
            # Of the others there is no end: NumPy's structured ones, for one.
            if name in FLOATING:
                _names[key] = name
        return name

    def fault(self, array: Array) -> str | None:
        """Say what kind of array this is, if the stages cannot work on it."""
        # As pydata/sparse has it: values come out, gradients and concatenations do not.
        return f"a sparse {type(array).__name__}" if hasattr(array, "todense") else None

    def result_dtype(self, dtype: str) -> Any:
        """Dtype of what is computed from arrays of the dtype of that name."""
        return self.xp.float64 if dtype == "float64" else self.xp.float32

    def may_differentiate(self, *arrays: Array) -> bool:  # noqa: ARG002
        """Whether a gradient may be taken through what is computed with these arrays."""
        return True

    def constant(self, array: Array) -> Array:
        """Array of the same values that takes no gradient."""
        return array

    def is_in_host_memory(self, array: Array) -> bool:  # noqa: ARG002
        """Whether an array without a gradient is in host memory, where its values may be looked at."""
        return False

    def device(self, array: Array) -> Any:
        """Device of an array, comparable with ==; None if that cannot be told."""
        return getattr(array, "device", None)

    def is_elsewhere(self, array: Array, other: Array) -> bool:
        """Whether two arrays are known to be on different devices."""
        here, there = self.device(array), self.device(other)
        return here is not None and there is not None and bool(here != there)

    def working_on(self, array: Array) -> AbstractContextManager[object]:  # noqa: ARG002
        """State in which the stages are run on an array."""
        return self._naming_the_library()

    @contextmanager
    def _naming_the_library(self) -> Iterator[None]:
        try:
            yield
        except AttributeError as error:
            if error.obj is not self.xp:
                raise
            msg = f"keypoints are arrays of {self.name}, which lacks {error.name}() of the array API standard"
            raise TypeError(msg) from error
        except TypeError as error:
            if type(error) is not TypeError:
                raise
            what, *_ = str(error).splitlines() or [""]
            msg = (
                f"keypoints are arrays of {self.name}, which refused a call of the array API standard: {what}"
            )
            raise TypeError(msg) from error

    def as_numbers(self, marks: Array, dtype: Any) -> Array:
        """1 where marked, else 0."""
        return self.xp.astype(marks, dtype)

    def total(self, entries: Array) -> Array:
        """Sum of all entries."""
        return self.xp.sum(entries)

    # Small arrays beside the keypoints -------------------------------------------------------

    def beside(self, array: Array) -> dict[str, Any]:
        """Keywords with which a new array can be combined with a given one."""
        device = self.device(array)
        return {} if device is None else {"device": device}

    def row(self, numbers: tuple[float, ...], array: Array, dtype: Any) -> Array:
        """Array of numbers beside another one."""
        # Moved only where it has to be: not every library's asarray takes a device.
        return self.moved(self.xp.asarray(numbers, dtype=dtype), array)

    def indices(self, rows: Array, dtype: Any) -> Array:
        """Index of each row."""
        return self.xp.arange(rows.shape[0], dtype=dtype, **self.beside(rows))

    def filled_row(self, numbers: tuple[float, ...], array: Array, dtype: Any) -> Array:
        """Array of numbers, filled where it lies.

        A copy from the host would wait for the device, and a CUDA graph would repeat it at every replay.
        """
        first, *others = numbers
        row = self.xp.full((len(numbers),), first, dtype=dtype, **self.beside(array))
        for index, number in enumerate(others, start=1):
            if number != first:
                row[index] = number
        return row

    def moved(self, parameter: Array, array: Array) -> Array:
        """Bring an array parameter to the device of another array."""
        device = self.device(array)
        if device is None or self.device(parameter) == device:
            return parameter
        return array_api_compat.to_device(parameter, device)

    def epsilon_beside(self, epsilon: Any, array: Array, dtype: Any, *, guard: bool) -> Any:  # noqa: ARG002
        """Epsilon as it can be subtracted from entries (..., K) of a dtype; None and a number as they are."""
        if epsilon is None or isinstance(epsilon, (float, int)):
            return epsilon
        if isinstance(epsilon, tuple):
            return self.row(epsilon, array, dtype)
        epsilon = self.moved(epsilon, array)
        return epsilon if epsilon.dtype == dtype else self.xp.astype(epsilon, dtype)

    def packed(self, parameters: Parameters, confidences: str | None) -> Parameters:  # noqa: ARG002
        """Parameters for confidences of a dtype, with the numbers as they are handed over; kept, so plain."""
        return parameters

    def in_chunks_of(self, keypoints: Array, array: Array) -> Array:  # noqa: ARG002
        """Array (..., T, K) in chunks of the keypoints' frames, where there are chunks."""
        return array

    # Running the stages ----------------------------------------------------------------------

    def run(self, stages: Callable[[Frames, Parameters], Any], frames: Frames, parameters: Parameters) -> Any:
        """Call a method that follows, in the state in which it is to run."""
        with self.working_on(frames.keypoints):
            return stages(frames, parameters)

    def at_once(self, function: Callable[..., Array], fixed: tuple[Any, ...], *arrays: Any) -> Array:
        """Call a function of what is fixed, and of arrays and numbers; as one program if that is quicker."""
        return function(fixed, *arrays)

    def loss(self, frames: Frames, parameters: Parameters) -> Array:
        """Run all stages; only the first three for the reduction "none"."""
        if parameters.reduction == "none":
            return self.entries(frames, parameters)
        loss_sum, count = self.sum_and_count(frames, parameters)
        return loss_sum / _stages.divisor(self.xp, parameters, count)

    def entries(self, frames: Frames, parameters: Parameters) -> Array:
        """Run the stages up to reduction: entries (..., T-1, K)."""
        guard = self.may_differentiate(frames.keypoints, parameters.epsilon)
        epsilon = self.epsilon_of(frames, parameters, guard=guard)
        return self.evaluate(frames, parameters, epsilon, guard=guard).values

    def evaluate(self, frames: Frames, parameters: Parameters, epsilon: Any, *, guard: bool) -> Entries:
        """Run the stages up to reduction on arrays as they are."""
        return _stages.evaluate(self.xp, frames, parameters, epsilon, guard=guard)

    def sum_and_count(self, frames: Frames, parameters: Parameters) -> tuple[Array, Array | None]:
        """Sum of the entries, and how many a mean divides by, None if that takes no values to know."""
        guard = self.may_differentiate(frames.keypoints, parameters.epsilon)
        epsilon = self.epsilon_of(frames, parameters, guard=guard)
        if self._goes_in_blocks(frames.keypoints, guard=guard):
            return blocks.sum_and_count(self, frames, parameters, epsilon)
        found = self.evaluate(frames, parameters, epsilon, guard=guard)
        return _stages.sum_and_count(self.xp, frames, parameters, found, self.total)

    def count(self, frames: Frames, parameters: Parameters) -> Array | None:
        """Count what a mean divides by, and nothing else; None if that takes no values to know."""
        keypoints = self.constant(frames.keypoints)
        if self._goes_in_blocks(keypoints, guard=self.may_differentiate(keypoints)):
            return blocks.count(self.xp, frames._replace(keypoints=keypoints), parameters)
        marks = _stages.marks(self.xp, keypoints, frames, parameters)
        return _stages.counted(self.xp, frames, parameters, *marks)

    def loss_and_gradient(self, frames: Frames, parameters: Parameters) -> tuple[Array, Array]:
        """Run all stages, and the one that differentiates them."""
        guard = self.may_differentiate(frames.keypoints, parameters.epsilon)
        epsilon = self.epsilon_of(frames, parameters, guard=guard)
        if self._goes_in_blocks(frames.keypoints, guard=guard):
            return blocks.loss_and_gradient(self, frames, parameters, epsilon)
        found = self.evaluate(frames, parameters, epsilon, guard=guard)
        return _stages.loss_and_gradient(self.xp, frames, parameters, found, self.total, guard=guard)

    def _goes_in_blocks(self, keypoints: Array, *, guard: bool) -> bool:
        # Length last: of one that is being traced, the question makes a condition.
        return not guard and self.is_in_host_memory(keypoints) and blocks.are_worthwhile(keypoints)

    def epsilon_of(self, frames: Frames, parameters: Parameters, *, guard: bool) -> Any:
        """Epsilon of the parameters, beside the entries of the frames."""
        return self.epsilon_beside(parameters.epsilon, frames.keypoints, parameters.dtype, guard=guard)
