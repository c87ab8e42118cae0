"""What the pages say of the project is so."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

from conformance.clauses import CLAUSES
from conformance.exits import Exit
from conformance.model import Status
from conformance.subjects.find import known_modes

from .blocks import ROOT, blocks_of, name_of, pages

LONGEST = 88


def rows(page: str, heading: str) -> list[list[str]]:
    """Cells of the first table below a heading, its own header left out."""
    text = (ROOT / page).read_text(encoding="utf-8").partition(f"# {heading}\n")[2]
    assert text, f"{page} has no heading {heading!r}"
    table = re.search(r"(?:^\|.*\n)+", text, re.MULTILINE)
    assert table
    lines = table[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def literals(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


def test_extras() -> None:
    metadata = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    listed = [name for row in rows("README.md", "Install") for name in literals(row[0])]
    assert sorted(listed) == sorted(metadata["project"]["optional-dependencies"])


def test_exit_codes() -> None:
    listed = [int(row[0]) for row in rows("docs/reference/cli.md", "Exit codes")]
    assert listed == [code.value for code in Exit]


def test_modes() -> None:
    listed = [name for row in rows("docs/reference/cli.md", "Modes") for name in literals(row[0])]
    assert sorted([*listed, "compiled", "all"]) == sorted(known_modes())


def test_verdicts() -> None:
    listed = [
        name for row in rows("docs/explanation/conformance.md", "Verdicts") for name in literals(row[0])
    ]
    assert sorted(listed) == sorted(Status)


def test_clauses() -> None:
    text = (ROOT / "docs" / "spec.md").read_text(encoding="utf-8")
    assert re.findall(r"^### (TL-[\d.]+\d|TL-\d+)", text, re.MULTILINE) == list(CLAUSES)


def test_imports_of_the_suite_go_down_their_table() -> None:
    lines = [literals(row[0]) for row in rows("CONTRIBUTING.md", "The suite")]
    height = {name.removesuffix(".py").strip("/"): -i for i, names in enumerate(lines) for name in names}
    upwards = []
    for path in (ROOT / "conformance").rglob("*.py"):
        here = path.relative_to(ROOT / "conformance").parts[0].removesuffix(".py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("conformance"):
                for name in node.names:
                    there = f"{node.module}.{name.name}".split(".")[1]
                    if here in height and there in height and height[here] < height[there]:
                        upwards.append(f"{path.name} imports {there}")
    assert len(height) == 21
    assert upwards == []


def test_differences_from_the_origin_have_their_tests() -> None:
    defined = set()
    for name in ("test_differences.py", "test_errors.py"):
        tree = ast.parse((ROOT / "tests" / "origin" / name).read_text(encoding="utf-8"))
        defined |= {
            node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name[:5] == "test_"
        }
    text = (ROOT / "docs" / "reference" / "deviations.md").read_text(encoding="utf-8")
    assert set(re.findall(r"`(test_\w+)`", text)) == defined


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_links_to_files(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    targets = [target.partition("#")[0] for target in re.findall(r"\]\(([^)\s]+)\)", text)]
    local = [target for target in targets if target and not target.startswith(("http:", "https:", "mailto:"))]
    assert [target for target in local if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_code_is_read_without_scrolling(page: Path) -> None:
    blocks = [block for block in blocks_of(page) if block.language == "python"]
    lines = [line for block in blocks for line in block.text.splitlines()]
    assert [line for line in lines if len(line) > LONGEST] == []


def test_the_suite_has_the_licence() -> None:
    # A distribution takes it from its own folder alone.
    assert (ROOT / "conformance" / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()


def test_changelog_citation_and_suite_have_the_version() -> None:
    found = re.search(
        r'__version__ = "(.+)"', (ROOT / "temporal_loss" / "__init__.py").read_text(encoding="utf-8")
    )
    assert found
    assert f"\n## {found[1]} " in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"\nversion: {found[1]}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    suite = tomllib.loads((ROOT / "conformance" / "pyproject.toml").read_text(encoding="utf-8"))
    assert f"temporal-loss=={found[1]}" in suite["project"]["dependencies"]
