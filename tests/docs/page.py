"""A page's Python blocks, run in their order and in one namespace, as a reader would."""

from __future__ import annotations

import contextlib
import doctest
import importlib.util
import io
import sys
from typing import TYPE_CHECKING, Any

import pytest
from support import select

from .blocks import Block, blocks_of

if TYPE_CHECKING:
    from pathlib import Path

_BACKENDS = {"array_api_strict": "strict"} | {n: n for n in ("cupy", "dask", "jax", "numpy", "torch")}
_LOOSELY = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


class Page:
    """A page that has been run: each block has passed, raised, or been left out for a reason.

    Left out are those that need an absent library, and those that need a name of one left out.
    """

    def __init__(self, path: Path, folder: Path) -> None:
        self.blocks = [block for block in blocks_of(path) if block.language == "python"]
        self.namespace: dict[str, Any] = {"__name__": "__main__"}
        self._missing: dict[str, str] = {}
        # A page may switch JAX to 64 bits, for itself alone.
        wide = _is_jax_wide()
        with contextlib.chdir(folder):
            self.outcomes = [self._outcome(block) for block in self.blocks]
        if _is_jax_wide() != wide:
            sys.modules["jax"].config.update("jax_enable_x64", wide)

    def check(self, block: Block) -> None:
        """Raise what the block raised, or skip where it was left out."""
        outcome = self.outcomes[self.blocks.index(block)]
        if isinstance(outcome, str):
            pytest.skip(outcome)
        if outcome is not None:
            raise outcome

    def _outcome(self, block: Block) -> str | Exception | None:
        reason = absence(block)
        if reason is None:
            try:
                self._run(block)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is the block's outcome
                reason = self._missing.get(error.name) if isinstance(error, NameError) else None
                if reason is None:
                    return error
        if reason:
            self._missing |= dict.fromkeys(block.defines, reason)
        return reason

    def _run(self, block: Block) -> None:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(block.tree, str(block.page), "exec"), self.namespace)  # noqa: S102 - that is the job
        got, shown = printed.getvalue(), block.output or ""
        if not doctest.OutputChecker().check_output(shown, got, _LOOSELY):
            message = f"{block.name} shows\n{shown}\nand prints\n{got}"
            raise AssertionError(message)


def absence(block: Block) -> str | None:
    """Why a block cannot run here; None if it can."""
    chosen = select()
    for module in sorted(block.modules):
        name = _BACKENDS.get(module)
        if name and name not in chosen.names:
            reason = chosen.absent.get(name, f"the backends asked for are {', '.join(chosen.names)}")
            return f"needs {name}, which is not under test: {reason}"
        if importlib.util.find_spec(module) is None:
            return f"needs {module}, which is not installed"
    return None


def _is_jax_wide() -> bool:
    jax = sys.modules.get("jax")
    return jax is not None and bool(jax.config.jax_enable_x64)
