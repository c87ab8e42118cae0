"""Say what a backend of the suite finds on this machine, as JSON: `python -m gpu.probe torch`.

A process of its own for each: what a driver does not like may end more than an exception.
"""

from __future__ import annotations

import json
import platform
import shutil
import subprocess
import sys
from importlib import metadata

from conformance.subjects import backends

PACKAGES = (
    "numpy", "torch", "jax", "jaxlib", "cupy-cuda13x", "cupy-cuda12x",
    "array-api-compat", "array-api-strict", "msgspec", "pytest",
)  # fmt: skip


def versions() -> dict[str, str]:
    """Name the GPU with its driver, Python, and packages in their versions."""
    found = {"Python": platform.python_version()}
    if shutil.which("nvidia-smi"):
        query = ["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"]
        said = subprocess.run(query, capture_output=True, text=True, check=False).stdout
        found["GPU"] = "; ".join(said.splitlines())
    # What is first on the path is what is imported.
    all_of_them = [*metadata.distributions()][::-1]
    installed = {each.name.lower().replace("_", "-"): each.version for each in all_of_them}
    return found | {name: installed[name] for name in PACKAGES if name in installed}


def main(name: str) -> None:
    """Print the backend's devices, or why it has none, and versions."""
    backend = backends.load(name)
    why = backend.available()
    devices = [] if why else backend.devices()
    print(json.dumps({"why": why, "devices": devices, "versions": versions()}))


if __name__ == "__main__":
    main(sys.argv[1])
