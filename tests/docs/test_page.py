"""The tests of the pages can fail: wrong pages, and what is found."""

from pathlib import Path

import pytest

from . import page as page_module
from .blocks import Block, blocks_of, name_of, pages
from .page import Page

# Written otherwise, a block would be shown and never run.
UNTESTED = {"", "bash", "console", "py", "pycon", "python3", "shell", "zsh"}


def page_with(folder: Path, *parts: str) -> Page:
    path = folder / "page.md"
    path.write_text("\n".join(parts), encoding="utf-8")
    return Page(path, folder)


def python(code: str) -> str:
    return f"Some words.\n\n```python\n{code}\n```"


def shown(text: str) -> str:
    return f"```text\n{text}\n```"


def check_all(page: Page) -> None:
    for block in page.blocks:
        page.check(block)


def test_right_page(tmp_path: Path) -> None:
    page = page_with(tmp_path, python("x = 1"), python("print(x + 1)"), shown("2"))
    assert len(page.blocks) == 2
    check_all(page)


@pytest.mark.parametrize(
    "parts",
    [
        (python("print(2)"), shown("3")),
        (python("print(2)"),),
        (python("x = 2"), shown("2")),
        (python("print(2)"), "Words between.", shown("2")),
        (python("assert False"),),
        (python("import warnings; warnings.warn('x')"),),
        (python("y"),),
    ],
)
def test_wrong_page(tmp_path: Path, parts: tuple[str, ...]) -> None:
    with pytest.raises((AssertionError, NameError, UserWarning)):
        check_all(page_with(tmp_path, *parts))


def test_failure_is_told_by_its_own_block(tmp_path: Path) -> None:
    page = page_with(tmp_path, python("x = 1"), python("x += None"), python("assert x == 1"))
    first, second, third = page.blocks
    page.check(third)
    page.check(first)
    with pytest.raises(TypeError):
        page.check(second)


def test_blocks_in_tabs_are_found(tmp_path: Path) -> None:
    page = page_with(
        tmp_path, "::::{tab-set}\n:::{tab-item} One\n:sync: one\n```python\nx = 1\n```\n:::\n::::"
    )
    assert [block.text for block in page.blocks] == ["x = 1\n"]


def test_absent_module(tmp_path: Path) -> None:
    parts = map(python, ("import no_such_module\ny = 1", "z = y", "print(z)", "x"))
    page = page_with(tmp_path, *parts)
    for block in page.blocks[:3]:
        with pytest.raises(pytest.skip.Exception, match="needs no_such_module, which is not installed"):
            page.check(block)
    assert isinstance(page.outcomes[3], NameError)


def test_absent_backend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def absence(block: Block) -> str | None:
        return "needs torch" if "torch" in block.modules else None

    monkeypatch.setattr(page_module, "absence", absence)
    page = page_with(tmp_path, *map(python, ("import torch.nn as nn\nx = nn", "x = 1", "assert x == 1")))
    with pytest.raises(pytest.skip.Exception, match="needs torch"):
        page.check(page.blocks[0])
    # The name has come from elsewhere since.
    page.check(page.blocks[2])


def test_jax_is_as_wide_as_before(tmp_path: Path) -> None:
    jax = pytest.importorskip("jax")
    check_all(page_with(tmp_path, python("import jax\njax.config.update('jax_enable_x64', True)")))
    assert not jax.config.jax_enable_x64


@pytest.mark.parametrize("path", pages(), ids=name_of)
def test_no_block_escapes(path: Path) -> None:
    if path.name == "porting.md":
        pytest.skip("its blocks are run by tests/ports")
    assert UNTESTED.isdisjoint(block.language for block in blocks_of(path))
