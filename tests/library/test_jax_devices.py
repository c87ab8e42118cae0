"""TL-9 on JAX: jit over four devices, every array laid out in its own way."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support import under_test

under_test("jax")

from .four_devices import CHECKS  # noqa: E402 - it imports JAX


@pytest.fixture(scope="module")
def outcomes() -> dict[str, str | None]:
    """Run all checks in a process that has four CPU devices."""
    environment = {
        **os.environ,
        "JAX_PLATFORMS": "cpu",
        "XLA_FLAGS": "--xla_force_host_platform_device_count=4",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    script = Path(__file__).with_name("four_devices.py")
    ran = subprocess.run(  # noqa: S603 - this very interpreter
        [sys.executable, "-W", "error", script], env=environment, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    found: dict[str, str | None] = json.loads(ran.stdout.splitlines()[-1])
    return found


@pytest.mark.slow
@pytest.mark.parametrize("check", CHECKS)
def test_on_four_devices(outcomes: dict[str, str | None], check: str) -> None:
    assert outcomes[check] is None, outcomes[check]
