"""Tensors for torch's own tests, from nested lists and back."""

from __future__ import annotations

from typing import Any

from support import Arrays

from conformance.subjects import backends

from . import worked

ARRAYS = Arrays("torch", backends.load("torch"))


def tensor(nested: Any, dtype: str = "float32", *, grad: bool = False) -> Any:
    return ARRAYS.make(nested, dtype).requires_grad_(grad)


def read(native: Any) -> Any:
    return ARRAYS.read(native.detach())


def worked_tensors(*, grad: bool = False) -> tuple[Any, Any, Any]:
    keypoints, confidences, segment_ids = worked.given(ARRAYS)
    return keypoints.requires_grad_(grad), confidences, segment_ids
