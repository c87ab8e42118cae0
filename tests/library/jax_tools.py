"""Arrays of JAX for its own tests, and its 64-bit setting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from support import Arrays

from conformance.subjects import backends

from . import worked

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

ARRAYS = Arrays("jax", backends.load("jax"), wide=False)
array, read = ARRAYS.make, ARRAYS.read


def x64(*, on: bool) -> AbstractContextManager[Any]:
    return Arrays("jax", ARRAYS.backend, wide=on).state()


def worked_arrays() -> tuple[Any, Any, Any]:
    return worked.given(ARRAYS)
