"""Writes the cases: deterministic, so that the committed files can be checked bit for bit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.generate import questions
from conformance.generate.build import answer
from conformance.suite import case_to_json

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conformance.model import Case

__all__ = ["CASES", "check", "files", "index", "render", "write"]

CASES = Path(__file__).parent.parent / "cases"


def render(group: str, cases: Iterable[Case]) -> str:
    """Text of one case file: one field per line, one line per array."""
    lines = []
    for case in cases:
        fields = []
        for key, value in case_to_json(case).items():
            if key in ("inputs", "expected") and value:
                parts = (f"{json.dumps(n)}: {json.dumps(a)}" for n, a in value.items())
                body = "{\n      " + ",\n      ".join(parts) + "\n    }"
            else:
                body = json.dumps(value)
            fields.append(f"    {json.dumps(key)}: {body}")
        lines.append("  {\n" + ",\n".join(fields) + "\n  }")
    return f'{{"suite": 1, "group": {json.dumps(group)}, "cases": [\n' + ",\n".join(lines) + "\n]}\n"


def index(cases: Iterable[Case]) -> str:
    """Text of the index of kills: a line per mutant, with the cases that tell it from the truth."""
    killers: dict[str, list[str]] = {}
    for case in cases:
        for mutant in case.kills:
            killers.setdefault(mutant, []).append(case.id)
    lines = (f"  {json.dumps(mutant)}: {json.dumps(killers[mutant])}" for mutant in sorted(killers))
    return "{\n" + ",\n".join(lines) + "\n}\n"


def files() -> dict[Path, str]:
    """Each file's path and the text it should have: the groups of cases, then what they kill."""
    groups = {group: list(map(answer, cases)) for group, cases in questions.groups().items()}
    texts = {CASES / f"{group}.json": render(group, cases) for group, cases in groups.items()}
    everything = (case for cases in groups.values() for case in cases)
    return {**texts, CASES.with_name("kills.json"): index(everything)}


def write() -> tuple[list[Path], list[Path]]:
    """Write all files; return those that changed and those that were of no group and are gone."""
    CASES.mkdir(exist_ok=True)
    texts = files()
    changed, strays = _stale(texts), _strays(texts)
    for path in changed:
        path.write_bytes(texts[path].encode())
    for path in strays:
        path.unlink()
    return changed, strays


def check() -> list[Path]:
    """Return the files that differ from what would be written now."""
    texts = files()
    return _stale(texts) + _strays(texts)


def _stale(texts: dict[Path, str]) -> list[Path]:
    return [p for p, text in texts.items() if not p.exists() or p.read_bytes() != text.encode()]


def _strays(texts: dict[Path, str]) -> list[Path]:
    """Case files of no group."""
    return sorted({*CASES.glob("*.json")} - texts.keys())
