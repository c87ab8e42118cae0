"""The JSON Schemas: made from the types, and closed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from click.testing import CliRunner

from conformance.schema import __main__ as schema

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILES = {path.name: json.loads(path.read_text("utf-8")) for path in schema.FOLDER.glob("*.json")}


def objects(node: Any) -> Iterator[dict[str, Any]]:
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    if isinstance(node, dict) and node.get("type") == "object":
        yield node
    for child in children:
        yield from objects(child)


@pytest.mark.parametrize(("name", "count"), [("case", 7), ("protocol-request", 7), ("protocol-answer", 12)])
def test_a_schema_allows_nothing_that_it_does_not_name(name: str, count: int) -> None:
    data = FILES[f"{name}.schema.json"]
    jsonschema.Draft202012Validator.check_schema(data)
    found = list(objects(data))
    assert len(found) == count
    # Outputs are any arrays by name; whoever broke may say more than the message.
    assert {o.get("title") for o in found if o.get("additionalProperties") is not False} == (
        {None, "Trouble"} if name == "protocol-answer" else set()
    )


def test_the_command_compares_and_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert {*FILES} == {*schema.documents()}
    run = CliRunner().invoke
    assert run(schema.main, ["--check"]).output == ""
    monkeypatch.setattr(schema, "FOLDER", tmp_path)
    assert run(schema.main).exit_code == 0
    path = tmp_path / "case.schema.json"
    path.write_text(path.read_text().replace("flags", "flag"))
    spoiled = run(schema.main, ["--check"])
    assert (spoiled.exit_code, spoiled.output) == (1, "differs: case.schema.json\n")
