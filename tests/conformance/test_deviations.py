"""Files of declared deviations: read whole, or refused in one line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from conformance.deviations import Deviation, read
from conformance.exits import UsageError

if TYPE_CHECKING:
    from pathlib import Path

FIELDS = {"id": "a", "status": "crash", "reason": "known", "link": "https://example.org/1"}


def written(folder: Path, *deviations: dict[str, object], **more: object) -> Path:
    path = folder / "known.json"
    path.write_text(json.dumps({"deviation": deviations} | more), encoding="utf-8")
    return path


def test_toml_and_json_say_the_same(tmp_path: Path) -> None:
    toml = tmp_path / "known.toml"
    toml.write_text(
        "[[deviation]]\n" + "".join(f'{k} = "{v}"\n' for k, v in FIELDS.items()), encoding="utf-8"
    )
    found = [Deviation(**FIELDS)]  # type: ignore[arg-type]
    assert read(toml, {"a"}) == read(written(tmp_path, FIELDS), {"a"}) == found
    assert found[0].subject == "*"


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"id": "b"}, "deviation 2: there is no case 'b'"),
        (
            {"status": "pass"},
            "'pass'.*takes id, status [(]fail, wrongly-accepted, .*protocol[)], reason, link",
        ),
        ({"status": "xfail"}, "'xfail'"),
        ({"reason": ""}, "length >= 1 - at `.*reason`"),
        ({"link": 7}, "at `.*link`"),
        ({"severity": "low"}, "unknown field `severity`"),
    ],
)
def test_a_wrong_one_is_refused(changed: dict[str, object], words: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        read(written(tmp_path, FIELDS, FIELDS | changed), {"a"})
    assert str(caught.value).startswith(f"--deviations {tmp_path}/known.json")
    assert str(caught.value).isprintable()


def test_a_wrong_file_is_refused(tmp_path: Path) -> None:
    absent = tmp_path / "absent.toml"
    missing = written(tmp_path, {"id": "a"}), "missing required field `status`"
    for path, words in ((absent, "No such file"), missing):
        with pytest.raises(UsageError, match=words):
            read(path, {"a"})
    for text in ("[", "[]", '{"deviations": []}', '{"deviation": {}}'):
        path = tmp_path / "wrong.json"
        path.write_text(text, encoding="utf-8")
        with pytest.raises(UsageError, match=r"wrong\.json"):
            read(path, {"a"})
    with pytest.raises(UsageError, match="unknown field `more`"):
        read(written(tmp_path, more=1), {"a"})
