"""MLX: its sums take no dtype."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import mlx.core

from temporal_loss._libraries import base


class _Namespace(ModuleType):
    """MLX's own, with the one argument of the standard that it lacks."""

    def __getattr__(self, name: str) -> Any:
        return getattr(mlx.core, name)

    @staticmethod
    def sum(array: Any, axis: int | None = None, dtype: Any = None) -> Any:
        """Sum; of int32, for which alone a dtype is given, it is int32 anyway."""
        del dtype
        return mlx.core.sum(array, axis=axis)


LIBRARY = base.Library(_Namespace("mlx.core"))
