"""Stand-ins for what the origin imports and the temporal loss never calls.

lightning-pose imports video decoding, vision models and a training framework
when its losses are imported. None of it takes part in the temporal loss, and
installing it would take gigabytes. Each module below is replaced by one that
holds exactly the listed names and no others, so that a release importing
something new fails at the import instead of passing by luck. Every stand-in
raises as soon as it is called, subclassed, asked for an attribute or used in
``isinstance``: it can be named in an annotation and nothing else.
"""

import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, NoReturn

import torch


class StandInUsedError(RuntimeError):
    """A stand-in was used, so what was measured would not be the origin."""


class StandIn(type):
    """Type of every stand-in: a class, because the origin writes ``Name | None``."""

    def __new__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> "StandIn":
        """Make a stand-in, and refuse to make a subclass of one."""
        for base in bases:
            if isinstance(base, StandIn):
                base.refuse("subclassed")
        return super().__new__(cls, name, bases, namespace)

    def refuse(cls, what: str) -> NoReturn:
        """Say which stand-in was used, and how."""
        message = f"{cls.__module__}.{cls.__name__} is only a stand-in and was {what}"
        raise StandInUsedError(message)

    def __call__(cls, *_args: object, **_kwargs: object) -> NoReturn:
        """Refuse."""
        cls.refuse("called")

    def __instancecheck__(cls, _instance: object) -> NoReturn:
        """Refuse."""
        cls.refuse("used in isinstance")

    def __subclasscheck__(cls, _subclass: type) -> NoReturn:
        """Refuse."""
        cls.refuse("used in issubclass")

    def __getattr__(cls, name: str) -> NoReturn:
        """Refuse, except for the special names that Python itself asks for."""
        if name.startswith("__"):
            raise AttributeError(name)
        cls.refuse(f"asked for {name!r}")


class LightningModule(torch.nn.Module):  # type: ignore[misc]
    """What the loss factory needs of a LightningModule: that it is a Module."""


# Module -> the names that the origin imports from it.
STAND_INS: dict[str, tuple[str, ...]] = {
    "kornia.losses": ("js_div_loss_2d", "kl_div_loss_2d"),
    "lightning.pytorch": (),
    "pandas": (),
    "lightning_pose.data.datamodules": ("BaseDataModule", "UnlabeledDataModule"),
    "lightning_pose.data.datasets": ("MultiviewHeatmapDataset",),
    "lightning_pose.data.heatmaps": ("generate_heatmaps",),
    "lightning_pose.data.datatypes": (
        "BaseLabeledBatchDict",
        "ComputeMetricsSingleResult",
        "HeatmapLabeledBatchDict",
        "MultiviewHeatmapLabeledBatchDict",
        "MultiviewLabeledBatchDict",
        "MultiviewUnlabeledBatchDict",
        "SemiSupervisedBatchDict",
        "SemiSupervisedHeatmapBatchDict",
        "UnlabeledBatchDict",
    ),
    "lightning_pose.models.backbones": ("ALLOWED_BACKBONES", "build_backbone"),
    "lightning_pose.utils.io": ("fix_empty_first_row", "get_keypoint_names"),
    "lightning_pose.utils.pca": ("KeypointPCA",),
}

# Packages whose own __init__ is left out; True where the modules inside that
# are not listed above are the real ones.
PACKAGES = {
    "kornia": False,
    "lightning": False,
    "lightning_pose.data": False,
    "lightning_pose.models": True,
}


class StandInModule(ModuleType):
    """A module that holds stand-ins."""


class StandInFinder(MetaPathFinder, Loader):
    """Answers for the stand-in modules, and for no other."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return a spec for a stand-in module, None for everything else."""
        del target
        if fullname in PACKAGES:
            spec = ModuleSpec(fullname, self, is_package=True)
            folder = fullname.rpartition(".")[2]
            if PACKAGES[fullname]:
                spec.submodule_search_locations = [f"{place}/{folder}" for place in path or ()]
            return spec
        return ModuleSpec(fullname, self) if fullname in STAND_INS else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Make the empty module."""
        return StandInModule(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Fill the module with the names listed for it."""
        name = module.__name__
        for attribute in STAND_INS.get(name, ()):
            setattr(module, attribute, StandIn(attribute, (), {"__module__": name}))
        if name == "lightning.pytorch":
            vars(module)["LightningModule"] = LightningModule


def is_stand_in(thing: object) -> bool:
    """Say whether a thing is a stand-in, or a module of stand-ins."""
    return isinstance(thing, StandInModule) or issubclass(type(thing), StandIn)


def names_to_hide() -> list[str]:
    """List the names in ``sys.modules`` that a load of the origin may shadow."""
    roots = {name.partition(".")[0] for name in STAND_INS}
    return [name for name in sys.modules if name.partition(".")[0] in roots]
