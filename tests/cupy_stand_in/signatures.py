"""Signatures of the installed CuPy: as functions tell them, or from the text of compiled methods."""

from __future__ import annotations

import inspect
import re
from inspect import Signature
from typing import Any

__all__ = ["Signature", "of_function", "of_method"]


def of_function(function: Any) -> Signature | None:
    """Signature of a function; None of one that does not tell."""
    try:
        return inspect.signature(function)
    except (TypeError, ValueError):
        return None


def of_method(method: Any) -> Signature:
    """Signature of a method, from the first line of its text where that is the only place."""
    found = of_function(method)
    if found is not None:
        return found
    line = (method.__doc__ or "").partition("\n")[0]
    arguments = line.partition("(")[2].partition(" -> ")[0].rpartition(")")[0]
    # Cython writes types before names.
    names = re.sub(r"\w+ (?=\w)", "", arguments)
    return inspect.signature(eval(f"lambda {names}: None"))  # noqa: S307 - text of the installed package
