"""Load lightning-pose's own loss, factory and training step without its training stack.

The package is installed by `nox -s origin` or `nox -s bench` without its dependencies: video decoding,
vision models and a training framework, gigabytes that the temporal loss never calls. While the modules
below are imported, empty modules stand for those.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import sys
import warnings
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import torch

NEVER_CALLED = [
    "kornia.losses",
    "lightning_pose.data.datamodules",
    "lightning_pose.data.datasets",
    "lightning_pose.data.datatypes",
    "lightning_pose.data.heatmaps",
    "lightning_pose.models.backbones",
    "lightning_pose.utils.io",
    "lightning_pose.utils.pca",
    "pandas",
]


class Empty(ModuleType):
    """A module whose every name is an empty class, good for annotations and nothing else."""

    def __getattr__(self, name: str) -> type:
        """Make the class; Python's own special names are absent."""
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


@dataclass(frozen=True)
class Origin:
    """The origin's class, and the modules that hold it and what uses it."""

    version: str
    TemporalLoss: Any
    losses: Any
    factory: Any
    metrics: Any
    base: Any
    """The models' base classes, whose training step calls the factory."""

    def __repr__(self) -> str:
        """Keep reports of failed tests short."""
        return f"<lightning-pose {self.version}>"


def load_origin() -> Origin:
    """Import the origin; an ImportError says that it is not installed."""
    version = importlib.metadata.version("lightning-pose")
    spec = importlib.util.find_spec("lightning_pose")
    if spec is None or spec.submodule_search_locations is None:
        message = "lightning-pose is recorded as installed, and Python finds no lightning_pose"
        raise ImportError(message)
    given: dict[str, Any] = {name: Empty(name) for name in [*NEVER_CALLED, "lightning", "lightning.pytorch"]}
    # The loss factory is a LightningModule, and needs of it that it is a torch module.
    given["lightning.pytorch"].LightningModule = torch.nn.Module
    given["lightning"].pytorch = given["lightning.pytorch"]
    # The package's own file imports every model; those two of its modules that are used are the real ones.
    given["lightning_pose.models"] = Empty("lightning_pose.models")
    given["lightning_pose.models"].__path__ = [f"{spec.submodule_search_locations[0]}/models"]
    absent = {name: module for name, module in given.items() if name not in sys.modules}
    sys.modules.update(absent)
    try:
        with warnings.catch_warnings():
            # The origin's own use of OmegaConf, of no interest here.
            warnings.filterwarnings("ignore", r"register_new_resolver\(\) is deprecated", UserWarning)
            names = ["losses.losses", "losses.factory", "metrics", "models.base"]
            losses, factory, metrics, base = (importlib.import_module(f"lightning_pose.{n}") for n in names)
    finally:
        for name in absent:
            del sys.modules[name]
    return Origin(version, losses.TemporalLoss, losses, factory, metrics, base)
