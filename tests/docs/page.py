"""A page's Python blocks, run in their order and in one namespace, as a reader would."""

from __future__ import annotations

import contextlib
import doctest
import functools
import importlib.util
import io
import sys
from typing import TYPE_CHECKING, Any

import pytest
from support import select

from .blocks import Block, blocks_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LOOSELY = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


class Page:
    """What has been run of a page.

    A block is run once, after those above it; those that need an absent library are left out, and so
    is what needs their names.
    """

    def __init__(self, path: Path, folder: Path) -> None:
        self.blocks = [block for block in blocks_of(path) if block.language == "python"]
        self.folder = folder
        self.namespace: dict[str, Any] = {"__name__": "__main__"}
        self.missing: dict[str, str] = {}
        self.outcomes: list[str | Exception | None] = []
        self.wide: bool | None = None

    def check(self, block: Block) -> None:
        """Run up to and including a block, and judge that one."""
        index = self.blocks.index(block)
        while len(self.outcomes) <= index:
            self.outcomes.append(self._outcome(self.blocks[len(self.outcomes)]))
        outcome = self.outcomes[index]
        if isinstance(outcome, str):
            pytest.skip(outcome)
        if outcome is not None:
            raise outcome

    def _outcome(self, block: Block) -> str | Exception | None:
        reason = absence(block) or next(
            (self.missing[n] for n in sorted(block.uses) if n in self.missing), None
        )
        if reason:
            # What is there already stays: a page may show the same in several libraries.
            self.missing |= dict.fromkeys(block.defines - self.namespace.keys(), reason)
            return reason
        try:
            self._run(block)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the block's outcome
            return error
        for name in block.defines:
            self.missing.pop(name, None)
        return None

    def _run(self, block: Block) -> None:
        printed = io.StringIO()
        with contextlib.chdir(self.folder), self._own_width(), contextlib.redirect_stdout(printed):
            exec(compile(block.tree, str(block.page), "exec"), self.namespace)  # noqa: S102 - that is the job
        got, shown = printed.getvalue(), block.output or ""
        if not doctest.OutputChecker().check_output(shown, got, _LOOSELY):
            message = f"{block.name} shows\n{shown}\nand prints\n{got}"
            raise AssertionError(message)

    @contextlib.contextmanager
    def _own_width(self) -> Iterator[None]:
        """Let a page switch JAX to 64 bits, for itself alone."""
        before = _jax_width()
        if self.wide is not None:
            sys.modules["jax"].config.update("jax_enable_x64", self.wide)
        try:
            yield
        finally:
            self.wide = _jax_width()
            if self.wide is not None:
                sys.modules["jax"].config.update("jax_enable_x64", bool(before))


def absence(block: Block) -> str | None:
    """Why a block cannot run here; None if it can."""
    chosen = select()
    for name in sorted(block.backends - set(chosen.names)):
        reason = chosen.absent.get(name, f"the backends asked for are {', '.join(chosen.names)}")
        return f"needs {name}, which is not under test: {reason}"
    for module in sorted(block.other_modules):
        if importlib.util.find_spec(module) is None:
            return f"needs {module}, which is not installed"
    return None


@functools.cache
def page_at(path: Path, folder: Path) -> Page:
    return Page(path, folder)


def _jax_width() -> bool | None:
    jax = sys.modules.get("jax")
    return None if jax is None else bool(jax.config.jax_enable_x64)
