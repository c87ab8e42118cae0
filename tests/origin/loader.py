"""Load the origin's real classes from the installed lightning-pose package.

Its unrelated imports are stood in for (see `stand_ins`). Everything here is
about being sure that what is compared with is the origin: the files must be
those the distribution recorded, with the recorded hashes, before any of their
code runs; each function must then be the one compiled from those bytes, and
must be able to reach no stand-in. Anything else is an error, never a skip.
"""

import importlib
import importlib.metadata
import importlib.util
import inspect
import sys
import warnings
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from hashlib import sha256
from importlib.metadata import Distribution, PackageNotFoundError
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import torch
from omegaconf import OmegaConf

from .stand_ins import LightningModule, StandInFinder, is_stand_in, names_to_hide

DISTRIBUTION = "lightning-pose"
# The files that must be the origin's own: what is used, and what runs on the way.
FILES = {
    "lightning_pose": "lightning_pose/__init__.py",
    "lightning_pose.losses": "lightning_pose/losses/__init__.py",
    "lightning_pose.losses.factory": "lightning_pose/losses/factory.py",
    "lightning_pose.losses.losses": "lightning_pose/losses/losses.py",
    "lightning_pose.metrics": "lightning_pose/metrics.py",
    "lightning_pose.models.base": "lightning_pose/models/base.py",
    "lightning_pose.models.datatypes": "lightning_pose/models/datatypes.py",
    "lightning_pose.utils": "lightning_pose/utils/__init__.py",
}


class OriginError(ImportError):
    """The origin is missing, or what was found is not the origin."""


@dataclass(frozen=True)
class Origin:
    """The origin's real classes and functions."""

    version: str
    TemporalLoss: Any
    LossFactory: Any
    get_loss_factories: Callable[..., Any]
    temporal_norm: Callable[..., Any]
    losses: ModuleType
    factory: ModuleType
    base: ModuleType
    """The models' base classes, whose training step calls the factory."""

    def __repr__(self) -> str:
        """Keep reports of failed tests short."""
        return f"<{DISTRIBUTION} {self.version}>"


def load_origin() -> Origin:
    """Load the origin, leaving ``sys.modules`` and ``sys.meta_path`` as found."""
    try:
        distribution = importlib.metadata.distribution(DISTRIBUTION)
    except PackageNotFoundError:
        message = (
            f"{DISTRIBUTION} is not installed, so parity cannot be measured; "
            f"install it with `pip install --no-deps -c constraints.txt {DISTRIBUTION}`"
        )
        raise OriginError(message) from None
    check_torch()
    compiled = {name: compile_recorded(distribution, file) for name, file in FILES.items()}
    modules = import_real(distribution)
    losses, factory = modules["lightning_pose.losses.losses"], modules["lightning_pose.losses.factory"]
    base = modules["lightning_pose.models.base"]
    norm = modules["lightning_pose.metrics"].temporal_norm
    # Everything that runs when the loss, its factory or the metric is used.
    check_class(losses.TemporalLoss, (losses.TemporalLoss, losses.Loss, object), compiled)
    check_class(
        factory.LossFactory,
        (factory.LossFactory, LightningModule, *torch.nn.Module.__mro__),
        compiled,
    )
    for function in (
        factory.get_loss_classes,
        factory.get_loss_factories,
        norm,
        base.BaseSupervisedTracker.evaluate_labeled,
        base.SemiSupervisedTrackerMixin.evaluate_unlabeled,
        base.SemiSupervisedTrackerMixin.training_step,
    ):
        check_function(function, compiled)
    if factory.TemporalLoss is not losses.TemporalLoss:
        message = "the origin's factory holds another TemporalLoss than its losses module"
        raise OriginError(message)
    return Origin(
        version=distribution.version,
        TemporalLoss=losses.TemporalLoss,
        LossFactory=factory.LossFactory,
        get_loss_factories=factory.get_loss_factories,
        temporal_norm=with_modules(norm, modules),
        losses=losses,
        factory=factory,
        base=base,
    )


def recorded_path(distribution: Distribution, file: str) -> tuple[Path, str]:
    """Return where a file of a distribution lies, and the hash recorded for it."""
    for entry in distribution.files or ():
        if entry.as_posix() == file and entry.hash is not None and entry.hash.mode == "sha256":
            return Path(str(distribution.locate_file(entry))).resolve(), entry.hash.value
    message = f"{distribution.name} {distribution.version} records no hashed file {file}"
    raise OriginError(message)


def check_torch() -> None:
    """Check that torch is the installed one: a fake torch would agree with itself."""
    distribution = importlib.metadata.distribution("torch")
    path, _ = recorded_path(distribution, "torch/__init__.py")
    if Path(str(torch.__file__)).resolve() != path:
        message = f"torch comes from {torch.__file__}, not from the installed package: {path}"
        raise OriginError(message)


def compile_recorded(distribution: Distribution, file: str) -> CodeType:
    """Compile a recorded file, after checking its bytes against its recorded hash."""
    path, expected = recorded_path(distribution, file)
    try:
        source = path.read_bytes()
    except OSError as error:
        message = f"{path} is recorded and cannot be read: {error}"
        raise OriginError(message) from error
    found = urlsafe_b64encode(sha256(source).digest()).rstrip(b"=").decode()
    if found != expected:
        message = f"{path} was changed after it was installed: sha256 {found}, recorded {expected}"
        raise OriginError(message)
    return compile(source, path, "exec", dont_inherit=True)


def import_real(distribution: Distribution) -> dict[str, ModuleType]:
    """Import the origin's modules beside the stand-ins, and check where they came from."""
    finder = StandInFinder()
    hidden = {name: sys.modules.pop(name) for name in names_to_hide()}
    sys.meta_path.insert(0, finder)
    try:
        # Before any of its code runs: no other folder may shadow the package.
        spec = importlib.util.find_spec("lightning_pose")
        check_place(distribution, "lightning_pose", spec.origin if spec else None)
        with warnings.catch_warnings():
            # The origin's own use of OmegaConf, of no interest here.
            warnings.filterwarnings("ignore", r"register_new_resolver\(\) is deprecated", UserWarning)
            for name in FILES:
                importlib.import_module(name)
        for name in FILES:
            spec = sys.modules[name].__spec__
            check_place(distribution, name, spec.origin if spec else None)
        return {name: sys.modules[name] for name in names_to_hide()}
    finally:
        sys.meta_path.remove(finder)
        for name in names_to_hide():
            del sys.modules[name]
        sys.modules.update(hidden)
        # Importing the package registers this in OmegaConf's global table.
        OmegaConf.clear_resolver("LP_ROOT_PATH")


def check_place(distribution: Distribution, name: str, origin: str | None) -> None:
    """Check that a module comes from the file that the distribution recorded for it."""
    path, _ = recorded_path(distribution, FILES[name])
    if origin is None or Path(origin).resolve() != path:
        message = f"{name} comes from {origin}, not from the installed {distribution.name}: {path}"
        raise OriginError(message)


def check_class(kind: type, mro: tuple[type, ...], compiled: dict[str, CodeType]) -> None:
    """Check a class's ancestors, and every method that it or an origin's ancestor defines."""
    if kind.__mro__ != mro:
        message = f"{kind} has unexpected ancestors: {kind.__mro__}"
        raise OriginError(message)
    for ancestor in mro:
        if ancestor.__module__ not in compiled:
            continue
        for name, member in vars(ancestor).items():
            function = member.fget if isinstance(member, property) else member
            if isinstance(function, FunctionType):
                check_function(function, compiled)
                label = f"{ancestor.__qualname__}.{name}"
                if function.__code__.co_qualname != label:
                    message = f"{label} is really {function.__code__.co_qualname}"
                    raise OriginError(message)
            elif callable(function) and not isinstance(function, type):
                message = f"{ancestor.__qualname__}.{name} is no plain function: {function!r}"
                raise OriginError(message)


def check_function(function: Callable[..., Any], compiled: dict[str, CodeType]) -> None:
    """Check that a function is the recorded file's own, and can reach no stand-in."""
    if not isinstance(function, FunctionType):
        message = f"{function!r} is no plain function"
        raise OriginError(message)
    label = f"{function.__module__}.{function.__qualname__}"
    own = compiled.get(function.__module__)
    # Code objects compare by what they do, so a stale or planted .pyc shows here.
    if own is None or function.__code__ not in nested_code(own):
        message = f"{label} was not compiled from the origin's recorded file"
        raise OriginError(message)
    if function.__globals__.get("torch") is not torch:
        message = f"{label} does not see the installed torch"
        raise OriginError(message)
    for code in nested_code(function.__code__):
        for name in code.co_names:
            if is_stand_in(function.__globals__.get(name)):
                message = f"{label} can reach the stand-in {name}"
                raise OriginError(message)


def nested_code(code: CodeType) -> Iterator[CodeType]:
    """Yield a code object and every one inside it."""
    yield code
    for constant in code.co_consts:
        if inspect.iscode(constant):
            yield from nested_code(constant)


@contextmanager
def visible(modules: dict[str, ModuleType]) -> Iterator[None]:
    """Put the origin's modules where an import finds them, for as long as this lasts."""
    hidden = {name: sys.modules.pop(name) for name in names_to_hide()}
    sys.modules.update(modules)
    try:
        yield
    finally:
        for name in names_to_hide():
            del sys.modules[name]
        sys.modules.update(hidden)


def with_modules(function: Callable[..., Any], modules: dict[str, ModuleType]) -> Callable[..., Any]:
    """Let a function of the origin import its own package while it runs."""

    @wraps(function)
    def wrapper(*args: object, **kwargs: object) -> object:
        with visible(modules):
            return function(*args, **kwargs)

    return wrapper
