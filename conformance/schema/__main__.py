"""`python -m conformance.schema`: write the JSON Schemas made from the types here, or compare them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click
from msgspec.json import schema_components

from conformance.schema import cases, protocol

FOLDER = Path(__file__).parent


def documents() -> dict[str, dict[str, Any]]:
    """Return each schema by its file name."""
    (case_file,), parts = _components([cases.CaseFile])
    for name, rules in cases.rules().items():
        parts[name] |= rules
    floats = "Floats are their raw IEEE bits in big-endian hex; the text beside them is for people."
    case = {"title": "Case file of the temporal loss conformance suite", "description": floats}
    requests, sent = _components([protocol.Start, protocol.Run, protocol.Stop])
    answers, given = _components([protocol.Started, protocol.NotStarted, *protocol.ANSWERS.values()])
    urn = "urn:temporal-loss:protocol:1"
    request = {"$id": f"{urn}:request", "title": "What a port is sent: one message per line"}
    answer = {"$id": f"{urn}:answer", "title": "What a port sends back: one message per line"}
    draft = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return {
        "case.schema.json": draft | case | case_file | {"$defs": parts},
        "protocol-request.schema.json": draft | request | {"oneOf": list(requests), "$defs": sent},
        "protocol-answer.schema.json": draft | answer | {"oneOf": list(answers), "$defs": given},
    }


def _components(types: list[Any]) -> tuple[tuple[dict[str, Any], ...], dict[str, Any]]:
    references, parts = schema_components(types, ref_template="#/$defs/{name}")
    for part in parts.values():
        if "description" in part:
            part["description"] = " ".join(part["description"].split())
        for field in part.get("properties", {}).values():
            if "enum" in field.get("propertyNames", {}):
                # A dictionary whose keys are known: said as an object with these properties.
                names, item = field.pop("propertyNames")["enum"], field["additionalProperties"]
                field |= {"properties": dict.fromkeys(names, item), "additionalProperties": False}
    parts.get("Params", {})["additionalProperties"] = False
    return references, parts


@click.command()
@click.option("--check", is_flag=True, help="Write nothing; exit 1 if a file differs from the types.")
def main(*, check: bool) -> None:
    """Write the JSON Schemas made from the types of this package."""
    stale = []
    for name, document in documents().items():
        path, text = FOLDER / name, json.dumps(document, indent=1) + "\n"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(name)
            if not check:
                path.write_text(text, encoding="utf-8")
    for name in stale:
        click.echo(f"{'differs' if check else 'wrote'}: {name}")
    sys.exit(check and bool(stale))


if __name__ == "__main__":
    main(prog_name="python -m conformance.schema")
