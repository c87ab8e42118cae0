"""Writes the cases: deterministic, so that the committed files can be checked bit for bit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.generate.build import answer, numbered
from conformance.generate.groups import GROUPS
from conformance.suite import case_to_json

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["CASES", "GROUPS", "check", "files", "render", "write"]

CASES = Path(__file__).parent.parent / "cases"


def render(group: str) -> str:
    """Text of one case file: one field per line, one line per array."""
    lines = []
    for question in numbered(GROUPS[group]()):
        data = case_to_json(answer(question))
        fields = []
        for key, value in data.items():
            if key in ("inputs", "expected") and value:
                parts = (f"{json.dumps(n)}: {json.dumps(a)}" for n, a in value.items())
                body = "{\n      " + ",\n      ".join(parts) + "\n    }"
            else:
                body = json.dumps(value)
            fields.append(f"    {json.dumps(key)}: {body}")
        lines.append("  {\n" + ",\n".join(fields) + "\n  }")
    return f'{{"suite": 1, "group": {json.dumps(group)}, "cases": [\n' + ",\n".join(lines) + "\n]}\n"


def files() -> Iterator[tuple[Path, str]]:
    """Each case file's path and the text it should have."""
    for group in GROUPS:
        yield CASES / f"{group}.json", render(group)


def write() -> tuple[list[Path], list[Path]]:
    """Write all case files; return those that changed and those that were of no group and are gone."""
    CASES.mkdir(exist_ok=True)
    changed = []
    for path, text in files():
        if not path.exists() or path.read_bytes() != text.encode():
            path.write_bytes(text.encode())
            changed.append(path)
    strays = _strays()
    for path in strays:
        path.unlink()
    return changed, strays


def check() -> list[Path]:
    """Return the case files that differ from what would be written now."""
    stale = [p for p, text in files() if not p.exists() or p.read_bytes() != text.encode()]
    return stale + _strays()


def _strays() -> list[Path]:
    """Case files of no group."""
    return sorted(p for p in CASES.glob("*.json") if p.stem not in GROUPS)
