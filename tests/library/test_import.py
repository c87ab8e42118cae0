"""Importing the library imports no array library, and nothing that is slow."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import temporal_loss

ARRAY_LIBRARIES = {
    "array_api_strict",
    "cupy",
    "dask",
    "jax",
    "jaxlib",
    "mlx",
    "ml_dtypes",
    "ndonnx",
    "numpy",
    "pandas",
    "scipy",
    "sparse",
    "tensorflow",
    "torch",
    "xarray",
}
# Packages that an environment may load at start, before anything is imported, are none of ours.
PROGRAM = """
import sys
before = set(sys.modules)
import temporal_loss
print(*sorted({name.partition(".")[0] for name in set(sys.modules) - before}))
"""


def _run(program: str, *first: Path) -> str:
    """Run a program in a process of its own, with folders to look for modules in first."""
    path = os.pathsep.join([*map(str, first), *filter(None, sys.path)])
    ran = subprocess.run(  # noqa: S603 - this very interpreter
        [sys.executable, "-P", "-c", program],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def _imported(*first: Path) -> set[str]:
    return set(_run(PROGRAM, *first).split())


def test_no_array_library_is_imported() -> None:
    imported = _imported()
    assert "temporal_loss" in imported
    assert not imported & ARRAY_LIBRARIES


def test_nothing_is_imported_beyond_array_api_compat_and_the_standard_library() -> None:
    assert _imported() <= {"temporal_loss", "array_api_compat", *sys.stdlib_module_names}


def test_these_tests_can_fail(tmp_path: Path) -> None:
    # The same package, but one of its modules imports an array library.
    package = tmp_path / "temporal_loss"
    shutil.copytree(Path(temporal_loss.__file__).parent, package)
    (tmp_path / "numpy.py").write_text("")
    assert not _imported(tmp_path) & ARRAY_LIBRARIES
    with (package / "_stages.py").open("a") as module:
        module.write("\nimport numpy\n")
    assert _imported(tmp_path) & ARRAY_LIBRARIES == {"numpy"}


WITHOUT_NUMPY = """
import sys
import warnings

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "numpy":
            raise ModuleNotFoundError("No module named 'numpy'", name="numpy")

sys.meta_path.insert(0, Absent())
warnings.filterwarnings("ignore", "Failed to initialize NumPy")
import torch
from temporal_loss import TemporalLoss, estimate_epsilon, temporal_loss, temporal_norm

warnings.simplefilter("error")
keypoints = torch.tensor([[0.0, 0, 7, 7], [3, 4, 7, 7]], requires_grad=True)
sure = torch.tensor([[1.0, 1], [1, 1]])
ids = torch.tensor([0, 0])
loss = temporal_loss(keypoints, sure, epsilon=[1.0, 2.0], prob_threshold=0.5, segment_ids=ids)
loss.backward()
assert loss.item() == 2.0
assert abs(keypoints.grad[1, 0].item() - 0.3) < 1e-6
assert keypoints.grad[:, 2:].tolist() == [[0.0, 0.0], [0.0, 0.0]]
value, logs = TemporalLoss(epsilon=1.0)(keypoints, sure, "train")
assert value.item() == 2.0 and logs[0]["value"] is value
assert temporal_norm(keypoints)[1].tolist() == [5.0, 0.0]
assert estimate_epsilon(keypoints, sure).tolist() == [5.0, 0.0]
try:
    temporal_loss([[0.0, 0.0], [3.0, 4.0]])
except TypeError:
    print("refused" if "numpy" not in sys.modules else "NumPy is here")
"""


def test_torch_without_numpy() -> None:
    pytest.importorskip("torch", reason="torch is not installed")
    assert _run(WITHOUT_NUMPY).split() == ["refused"]


def test_types_are_shipped() -> None:
    assert (Path(temporal_loss.__file__).parent / "py.typed").is_file()
