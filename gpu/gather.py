"""Gather the wheels that a machine with a GPU may lack: `python -m gpu.gather`.

Such a machine has the array libraries, and often no way to a package registry. What else the suite, the
tests and the measurements import goes into gpu/wheels, which travels with the folder.
"""

from __future__ import annotations

import argparse
import shutil
import site
import subprocess
import sys
import tomllib
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WHEELS = ROOT / "gpu" / "wheels"
THERE = "numpy"
"""What wheels here ask for and the machine has."""
PLATFORMS = ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64", "manylinux1_x86_64")


def requirements() -> list[str]:
    """All that `gpu.run` needs beside the array libraries."""
    library, suite = (
        tomllib.loads((ROOT / folder / "pyproject.toml").read_text(encoding="utf-8"))
        for folder in (".", "conformance")
    )
    needed = [*library["project"]["dependencies"], *suite["project"]["dependencies"]]
    groups = library["dependency-groups"]
    needed += [*groups["test"], *(line for line in groups["bench"] if line.startswith("pyperf"))]
    # The library itself is in the folder that travels.
    return list(dict.fromkeys(line for line in needed if not line.startswith(library["project"]["name"])))


def pip(*arguments: str) -> int:
    """Call this Python's pip."""
    return subprocess.run([sys.executable, "-m", "pip", *arguments], check=False).returncode


def install(folder: Path) -> str:
    """Name a Python beside this one that has what is missing here from the wheels; without any, this one."""
    if not any(WHEELS.glob("*.whl")):
        return sys.executable
    shutil.rmtree(folder, ignore_errors=True)
    venv.create(folder, symlinks=True)
    python = str(folder / "bin" / "python")
    # An environment that is made from another one sees what the system has, and not what that one has.
    (packages,) = folder.glob("lib/python*/site-packages")
    lines = [f"import site; site.addsitedir({each!r})\n" for each in site.getsitepackages()]
    (packages / "beside.pth").write_text("".join(lines))
    here = ("--quiet", "--no-index", "--find-links", str(WHEELS))
    # If that fails, each step will say what it misses.
    pip("--python", python, "install", *here, *requirements())
    return python


def main() -> int:
    """Download, and say how much it is."""
    parser = argparse.ArgumentParser(prog="python -m gpu.gather", description=(__doc__ or "").split(":")[0])
    parser.add_argument("--python-version", default="3.12", help="that of the machine (default: 3.12)")
    target = ["--python-version", parser.parse_args().python_version, "--implementation", "cp"]
    target += [word for name in PLATFORMS for word in ("--platform", name)]
    shutil.rmtree(WHEELS, ignore_errors=True)
    pinned = ("--constraint", str(ROOT / "constraints.txt"))
    where = ("--only-binary", ":all:", "--dest", str(WHEELS))
    code = pip("download", "--quiet", *where, *target, *pinned, *requirements())
    for wheel in WHEELS.glob(f"{THERE}-*.whl"):
        wheel.unlink()
    sizes = [wheel.stat().st_size for wheel in WHEELS.glob("*.whl")]
    print(f"{len(sizes)} wheels, {sum(sizes) / 2**20:.1f} MiB, in {WHEELS}")
    return code


if __name__ == "__main__":
    sys.exit(main())
