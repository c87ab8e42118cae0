"""Imports of objects of the user, named as `package.module:object`."""

from __future__ import annotations

import importlib
import sys
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

import conformance
from conformance.exits import StartError, UsageError
from conformance.text import said


def find_object(option: str, spec: str, what: str) -> Any:
    """Import `package.module:object`; the current directory comes first on the path, but for the suite.

    Parameters
    ----------
    option, spec, what : str
        The option of the command line and its value, and what the object is called there, for messages.

    Raises
    ------
    UsageError
        There is no such module or attribute.
    StartError
        The module is there and fails while it is imported.
    """
    module_name, colon, attribute = spec.partition(":")
    if not (module_name and colon and attribute):
        message = f"{option} {spec}: write it as package.module:{what}"
        raise UsageError(message)
    _look_here_first()
    try:
        found: Any = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name and (module_name == error.name or module_name.startswith(f"{error.name}.")):
            message = f"{option} {spec}: no module {error.name!r} here or among the installed packages"
            raise UsageError(message) from error
        message = f"{option} {spec}: importing it failed: {said(error)}"
        raise StartError(message) from error
    except (Exception, SystemExit) as error:
        message = f"{option} {spec}: importing it failed: {type(error).__name__}: {said(error)}"
        raise StartError(message) from error
    for part in attribute.split("."):
        if not hasattr(found, part):
            message = f"{option} {spec}: module {module_name!r} has no {attribute!r}"
            raise UsageError(message)
        found = getattr(found, part)
    return found


def _look_here_first() -> None:
    here = str(Path.cwd())
    if here in sys.path:
        return
    sys.path.insert(0, here)
    own = PathFinder.find_spec("conformance", [here])
    if own is not None and own.origin not in {None, conformance.__file__}:
        # Processes that are started with this path, as by pytest-xdist, are to find the suite by its name.
        sys.path.insert(0, str(Path(conformance.__file__).parents[1]))
