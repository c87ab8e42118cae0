"""Arrays of JAX for its own tests, and its 64-bit setting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from support import Arrays

from conformance.subjects import backends

from . import worked

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

ARRAYS = Arrays("jax", backends.load("jax"), wide=False)
_WIDE = Arrays("jax", backends.load("jax"))


def x64(*, on: bool) -> AbstractContextManager[Any]:
    return (_WIDE if on else ARRAYS).state()


def array(nested: Any, dtype: str = "float32") -> Any:
    return ARRAYS.make(nested, dtype)


def read(native: Any) -> Any:
    return ARRAYS.read(native)


def worked_arrays() -> tuple[Any, Any, Any]:
    return array(worked.KEYPOINTS), array(worked.CONFIDENCES), array(worked.SEGMENT_IDS, "int32")
