"""torch: tensors that are distributed over a mesh, and a list of epsilons beside them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.selection import under_test

pytestmark = pytest.mark.slow
torch = under_test("torch")

if not torch.distributed.is_available():
    pytest.skip("torch was built without its distributed part", allow_module_level=True)

PROJECT = Path(__file__).resolve().parents[2]
# Kept are 5, 10 and 0.
LOSSES = {"number": 3.0 + 8.0, "list": 4.0 + 8.0, "tuple": 4.0 + 8.0, "one": 4.0 + 9.0}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    store = tmp_path_factory.mktemp("group") / "store"
    done = subprocess.run(  # noqa: S603 - this very interpreter
        [sys.executable, str(Path(__file__).with_name("distributed_tensors.py")), str(store)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])  # type: ignore[no-any-return]


@pytest.mark.parametrize("form", LOSSES)
@pytest.mark.parametrize("placement", ["replicated", "frames"])
def test_every_form_of_epsilon(found: dict[str, Any], placement: str, form: str) -> None:
    outcome = found[placement][form]
    loss, slope = outcome["both"]
    assert outcome["distributed"]
    # Halfway between the two steps of each.
    assert outcome["suggested"] == [2.5, 6.0]
    assert outcome["counts"] == [3.0, 4.0]
    assert (outcome["loss"], outcome["class"], loss) == (LOSSES[form],) * 3
    unit = [0.6, 0.8, 0.6, 0.8]
    # In training, 3 comes from above.
    for gradient, factor in ((slope, 1), (outcome["gradient"], 3)):
        assert gradient[0] == pytest.approx([-factor * u for u in unit])
        assert gradient[1:] == [pytest.approx([factor * u for u in unit]), [0.0] * 4]
