"""The loader gives the real origin or an error, and leaves no trace."""

import importlib.metadata
import importlib.util
import py_compile
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from types import CodeType, ModuleType
from unittest import mock

import pytest
import torch
from omegaconf import OmegaConf

from . import loader
from .loader import FILES, Origin, OriginError, check_class, check_function, compile_recorded, load_origin
from .stand_ins import STAND_INS, StandIn, StandInUsedError

LOSSES = "lightning_pose/losses/losses.py"
Edit = Callable[[Path], object]


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Copy the origin's used files and its records to a folder that Python finds first."""
    distribution = importlib.metadata.distribution("lightning-pose")
    for entry in distribution.files or ():
        if entry.as_posix() in FILES.values() or ".dist-info" in entry.parts[0]:
            target = tmp_path / entry
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(str(distribution.locate_file(entry)), target)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def test_a_faithful_copy_loads(copy: Path) -> None:
    # The control of the tests below: they fail for what they change, and nothing else.
    assert Path(load_origin().losses.__file__ or "").is_relative_to(copy)


def edit(file: Path, old: str, new: str) -> None:
    """Replace text that must be there."""
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


@pytest.mark.parametrize("file", FILES.values())
def test_a_changed_file(copy: Path, file: str) -> None:
    with (copy / file).open("a") as opened:
        opened.write("\n")
    with pytest.raises(OriginError, match=rf"{re.escape(file)} was changed after it was installed"):
        load_origin()


def record(folder: Path) -> Path:
    """Return the file that records what was installed."""
    return next(folder.glob("*.dist-info")) / "RECORD"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda folder: (folder / LOSSES).unlink(), "cannot be read"),
        (
            lambda folder: edit(record(folder), f"{LOSSES},", "elsewhere.py,"),
            f"records no hashed file {LOSSES}",
        ),
        (
            lambda folder: edit(record(folder), f"{LOSSES},sha256=", f"{LOSSES},md5="),
            "records no hashed file",
        ),
        (lambda folder: record(folder).unlink(), "records no hashed file"),
    ],
    ids=["file deleted", "file not recorded", "hash not recorded", "no record"],
)
def test_broken_records(copy: Path, change: Edit, message: str) -> None:
    change(copy)
    with pytest.raises(OriginError, match=message):
        load_origin()


def test_a_package_that_shadows_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "lightning_pose"
    package.mkdir()
    (package / "__init__.py").write_text("raise SystemExit('this must not run')")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(OriginError, match=r"lightning_pose comes from .* not from the installed"):
        load_origin()


def test_planted_bytecode(copy: Path) -> None:
    """The source is the recorded one, and Python would run something else."""
    other = copy / "other.py"
    shutil.copy(copy / LOSSES, other)
    edit(other, "F.relu(loss - epsilon)", "F.relu(loss + epsilon)")
    py_compile.compile(
        str(other),
        cfile=importlib.util.cache_from_source(str(copy / LOSSES)),
        dfile=str(copy / LOSSES),
        doraise=True,
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )
    with pytest.raises(OriginError, match=r"TemporalLoss\.rectify_epsilon was not compiled from"):
        load_origin()


def test_missing_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [])
    with pytest.raises(OriginError, match=r"lightning-pose is not installed.*pip install --no-deps"):
        load_origin()


def test_another_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = ModuleType("torch")
    fake.__file__ = "/somewhere/torch/__init__.py"
    monkeypatch.setattr(loader, "torch", fake)
    with pytest.raises(OriginError, match="torch comes from /somewhere"):
        load_origin()


def compiled() -> dict[str, CodeType]:
    """Compile the origin's recorded files, as the loader does."""
    distribution = importlib.metadata.distribution("lightning-pose")
    return {name: compile_recorded(distribution, file) for name, file in FILES.items()}


def ancestors(origin: Origin) -> tuple[type, ...]:
    """Return what the origin's class must be made of."""
    return (origin.TemporalLoss, origin.losses.Loss, object)


def test_a_class_of_the_same_name(origin: Origin) -> None:
    class TemporalLoss(origin.losses.Loss):  # type: ignore[misc, name-defined]
        __module__ = "lightning_pose.losses.losses"

        def __call__(self) -> None:
            pass

    with pytest.raises(OriginError, match="unexpected ancestors"):
        check_class(TemporalLoss, ancestors(origin), compiled())
    with pytest.raises(OriginError, match="was not compiled from"):
        check_class(TemporalLoss, TemporalLoss.__mro__, compiled())


@pytest.mark.parametrize("name", ["__init__", "__call__", "compute_loss", "rectify_epsilon", "remove_nans"])
def test_a_replaced_method(origin: Origin, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    check_class(origin.TemporalLoss, ancestors(origin), compiled())
    monkeypatch.setattr(origin.TemporalLoss, name, lambda *_: None)
    with pytest.raises(OriginError, match="was not compiled from"):
        check_class(origin.TemporalLoss, ancestors(origin), compiled())
    monkeypatch.setattr(origin.TemporalLoss, name, origin.losses.Loss.reduce_loss)
    with pytest.raises(OriginError, match=rf"TemporalLoss\.{name} is really Loss\.reduce_loss"):
        check_class(origin.TemporalLoss, ancestors(origin), compiled())
    monkeypatch.setattr(origin.TemporalLoss, name, mock.Mock())
    with pytest.raises(OriginError, match=rf"{name} is no plain function"):
        check_class(origin.TemporalLoss, ancestors(origin), compiled())


def test_a_function_that_reaches_a_stand_in(origin: Origin) -> None:
    with pytest.raises(OriginError, match="can reach the stand-in generate_heatmaps"):
        check_function(origin.losses.ReprojectionHeatmapLoss.__call__, compiled())


def test_a_function_that_sees_another_torch(origin: Origin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(origin.losses, "torch", ModuleType("torch"))
    with pytest.raises(OriginError, match="does not see the installed torch"):
        check_class(origin.TemporalLoss, ancestors(origin), compiled())


def test_an_import_that_is_not_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A release that imports something new fails, instead of getting a stand-in for it."""
    monkeypatch.setitem(STAND_INS, "kornia.losses", ("kl_div_loss_2d",))
    with pytest.raises(ImportError, match="js_div_loss_2d"):
        load_origin()
    monkeypatch.delitem(STAND_INS, "kornia.losses")
    with pytest.raises(ImportError, match=r"kornia\.losses"):
        load_origin()


@pytest.mark.parametrize(
    "use",
    [
        lambda kind: kind(),
        lambda kind: kind(1, key=2),
        lambda kind: isinstance(1, kind),
        lambda kind: issubclass(int, kind),
        lambda kind: kind.attribute,
        lambda kind: type(kind)("Derived", (kind,), {}),
    ],
)
def test_stand_ins_refuse(use: Callable[[type], object]) -> None:
    kind = StandIn("Name", (), {})
    assert (kind | None) is not None
    with pytest.raises(StandInUsedError, match="Name is only a stand-in"):
        use(kind)


@pytest.mark.parametrize("works", [True, False])
def test_no_trace(copy: Path, monkeypatch: pytest.MonkeyPatch, *, works: bool) -> None:
    monkeypatch.setitem(sys.modules, "pandas", ModuleType("pandas"))
    monkeypatch.setitem(sys.modules, "lightning_pose", ModuleType("lightning_pose"))
    if not works:
        monkeypatch.delitem(STAND_INS, "lightning_pose.utils.io")
    modules, finders, path = dict(sys.modules), list(sys.meta_path), list(sys.path)
    if works:
        loaded = load_origin()
        # It imports its own package when called, and that leaves no trace either.
        assert loaded.temporal_norm(torch.tensor([[0.0, 0.0], [3.0, 4.0]]))[1, 0] == 5
    else:
        with pytest.raises(ImportError):
            load_origin()
    assert sys.modules == modules
    assert sys.meta_path == finders
    assert sys.path == path
    assert not OmegaConf.has_resolver("LP_ROOT_PATH")
    assert copy.is_dir()
