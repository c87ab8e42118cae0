"""Every task of the project, each in an environment of its own: `nox --list`."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import nox

PYTHONS = ["3.11", "3.12", "3.13", "3.14"]
CURRENT = f"{sys.version_info.major}.{sys.version_info.minor}"
PROJECT = nox.project.load_toml("pyproject.toml")
REQUIREMENTS_OF = {
    "numpy": [".[numpy,xarray]"],
    "torch": [".[torch]"],
    "jax": [".[jax]"],
    "dask": [".[dask,xarray]"],
    "strict": [".[strict]"],
    "cupy": [".[cupy13]"],
}
OTHERS = {
    "astropy": ["astropy"],
    "cubed": ["cubed"],
    "dpnp": ["dpnp"],
    "dtensor": [".[torch]", "--constraint", "constraints.txt"],
    "marray": ["marray"],
    "mlx": ["mlx[cpu]"],
    "ndonnx": ["ndonnx", "onnxruntime"],
    "sparse": ["sparse"],
    "unxt": ["unxt"],
}
SUITE = (".", "./conformance")
"""Both distributions: the suite takes the library of its own version, which no registry has."""
LOWEST_PYTHON, *_ = PYTHONS
CPU_BACKENDS = [name for name in REQUIREMENTS_OF if name != "cupy"]
CPU_BACKENDS_LIST = ",".join(CPU_BACKENDS)
TESTS_OF_THE_SUITE = ("tests/conformance", "tests/mutants", "tests/ports")

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "venv"
nox.options.error_on_missing_interpreters = False
nox.options.reuse_venv = "yes"
nox.options.sessions = ["lint", "types", "quick"]


def install(session: nox.Session, *requirements: str, groups: tuple[str, ...] = ()) -> None:
    """Install requirements and dependency groups in the tested versions."""
    grouped = [line for group in groups for line in nox.project.dependency_groups(PROJECT, group)]
    # What is imported is compiled then; all of it takes pip longer than everything else.
    options = ("--quiet", "--no-compile", "--constraint", "constraints.txt")
    session.install(*options, *requirements, *grouped)


@nox.session(python=PYTHONS)
@nox.parametrize("backend", [nox.param(name, id=name) for name in REQUIREMENTS_OF])
def tests(session: nox.Session, backend: str) -> None:
    """Test the library where one backend is installed and no other."""
    install(session, *REQUIREMENTS_OF[backend], groups=("test",))
    session.run("python", "-m", "pytest", "-n", "2", "tests/library", "--backend", backend, *session.posargs)


def interpreter(version: str) -> str | None:
    """Name an interpreter: as it is on the path, or where pyenv keeps its newest of this version."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    on_path = shutil.which(f"python{version}")
    # What pyenv itself puts on the path runs only the version that was chosen last.
    if on_path and not Path(on_path).is_relative_to(pyenv):
        return version
    kept = pyenv.glob(f"versions/{version}.*/bin/python")
    newest = max(kept, key=lambda path: int(path.parts[-3].split(".")[2]), default=None)
    return str(newest) if newest else None


def newest_python() -> str:
    """Name the newest of the tested interpreters that is at hand."""
    return next(filter(None, map(interpreter, reversed(PYTHONS))), CURRENT)


def test_and_compare(session: nox.Session, backend: str, *more: str) -> None:
    """Run the tests of the library, and the suite, on what is installed; keep the report for the table."""
    report = Path("docs", "_build", "versions", f"{session.name}.jsonl")
    report.parent.mkdir(parents=True, exist_ok=True)
    report.unlink(missing_ok=True)
    # What a new version calls deprecated still works, also for an old one beside it; what it has taken away
    # does not.
    coming = ("DeprecationWarning", "PendingDeprecationWarning", "FutureWarning")
    warnings = [f"-Wdefault::{kind}" for kind in coming]
    folders = ["tests/library", *more]
    session.run("python", "-m", "pytest", "-n", "2", *warnings, *folders, "--backend", backend)
    command = ["python", "-m", "conformance", "--backend", backend, "--require", backend, "--mode", "eager"]
    session.run(*command, "--jsonl", str(report), *session.posargs, "--", "-n", "2")


@nox.session(python=interpreter(LOWEST_PYTHON) or LOWEST_PYTHON)
@nox.parametrize("backend", [nox.param(name, id=name) for name in CPU_BACKENDS])
def lowest(session: nox.Session, backend: str) -> None:
    """Test and compare one backend in the lowest versions that the package asks for."""
    skip_torch(session, backend)
    project, suite = PROJECT["project"], nox.project.load_toml("conformance/pyproject.toml")["project"]
    extras = project["optional-dependencies"]
    asked = [*project["dependencies"], *suite["dependencies"], *extras[backend]]
    more = []
    if backend == "numpy":
        asked += [*extras["xarray"], *extras["command"]]
        more = ["tests/recordings"]
    bounds = {line.partition(">=")[0]: line.replace(">=", "==") for line in asked}
    # Of what the tests share, only what no user is promised may be newer.
    tools = nox.project.dependency_groups(PROJECT, "test")
    others = [line for line in tools if line.partition(">=")[0] not in bounds]
    session.install("--quiet", *SUITE, *others, *bounds.values())
    test_and_compare(session, backend, *more)


@nox.session(python=newest_python())
@nox.parametrize("backend", [nox.param(name, id=name) for name in CPU_BACKENDS])
def newest(session: nox.Session, backend: str) -> None:
    """Test and compare one backend in the newest versions that there are, on the newest Python at hand."""
    skip_torch(session, backend)
    tools = nox.project.dependency_groups(PROJECT, "test")
    session.install("--quiet", "--upgrade", *SUITE, *tools, *REQUIREMENTS_OF[backend])
    test_and_compare(session, backend)


@nox.session(python=interpreter("3.12") or "3.12")
@nox.parametrize("backend", [nox.param(name, id=name) for name in ("numpy", "torch", "jax")])
def gpu_versions(session: nox.Session, backend: str) -> None:
    """Test and compare one backend in the versions of a machine with a GPU, on its Python, without a GPU."""
    skip_torch(session, backend)
    tools = nox.project.dependency_groups(PROJECT, "test")
    constraint = ("--constraint", "gpu/constraints.txt")
    session.install("--quiet", *constraint, *SUITE, *tools, *REQUIREMENTS_OF[backend])
    test_and_compare(session, backend)


def skip_torch(session: nox.Session, backend: str) -> None:
    """Leave torch out, unless it was asked for: on Linux its package brings gigabytes of CUDA."""
    if backend == "torch" and "TEMPORAL_LOSS_ANY_TORCH" not in os.environ:
        session.skip("torch: its wheels bring 5 GB of CUDA; set TEMPORAL_LOSS_ANY_TORCH=1 to install them")


@nox.session
def quick(session: nox.Session) -> None:
    """Test library and suite, but for what takes long, then ask every CPU backend the core of the cases."""
    install(session, *SUITE, ".[all-cpu]", groups=("test",))
    options = ["-n", "2", "-m", "not slow", "--backend", CPU_BACKENDS_LIST, *session.posargs]
    session.run("python", "-m", "pytest", *options, "tests/library", *TESTS_OF_THE_SUITE)
    compare_cpu_backends(session, "--core")


@nox.session
def slow(session: nox.Session) -> None:
    """Run the tests that take long, then ask every CPU backend every case; `-- --mode all` in every mode."""
    install(session, *SUITE, ".[all-cpu]", groups=("test", "scale", "browser"))
    options = ["-n", "2", "-m", "slow", "--backend", CPU_BACKENDS_LIST]
    session.run("python", "-m", "pytest", *options, "tests/library", *TESTS_OF_THE_SUITE, "tests/scale")
    compare_cpu_backends(session, "--mode", "eager", *session.posargs)


def compare_cpu_backends(session: nox.Session, *options: str) -> None:
    """Compare them with the oracle."""
    backends = ["--backend", CPU_BACKENDS_LIST, "--require", CPU_BACKENDS_LIST]
    session.run("python", "-m", "conformance", *backends, *options, "--", "-n", "2")


@nox.session
def cupy_stand_in(session: nox.Session) -> None:
    """Test and compare on a stand-in for CuPy, without a GPU: its devices, streams and refusals, on NumPy."""
    install(session, *SUITE, ".[cupy13]", groups=("test",))
    own_tests = ["tests/library", "tests/cupy_stand_in"]
    session.run(
        "python", "-m", "pytest", "-n", "2", "--backend", "cupy-stand-in", *own_tests, *session.posargs
    )
    backend = "cupy_stand_in.backend:BACKEND"
    session.run(
        "python", "-m", "conformance", "--backend", backend, "--mode", "all", env={"PYTHONPATH": "tests"}
    )


@nox.session(python=interpreter("3.12") or "3.12")
@nox.parametrize("library", [nox.param(name, id=name) for name in OTHERS])
def others(session: nox.Session, library: str) -> None:
    """Compare on an array library that is no backend of the suite, and keep what was found for its page."""
    tools = nox.project.dependency_groups(PROJECT, "test")
    session.install("--quiet", *SUITE, *tools, *OTHERS[library])
    report = Path(session.create_tmp()).resolve() / "report.jsonl"
    command = ["-m", "conformance"]
    if library == "dtensor":
        # Two ranks, each of which runs all, fresh cases from one seed; the first one writes.
        command = ["-m", "torch.distributed.run", "--nproc-per-node", "2", "examples/backends/ranks.py"]
        command += ["--seed", "1"]
    command += ["--backend", f"{library}_backend:BACKEND", "--jsonl", str(report)]
    backends = str(Path("examples/backends").resolve())
    # A library that does not conform, or has not all that any profile takes, is a row of the table too.
    session.run("python", *command, env={"PYTHONPATH": backends}, success_codes=[0, 1, 5])
    session.run("python", "docs/_ext/others.py", str(report), env={"PYTHONPATH": "."})
    if library in {"astropy", "unxt"}:
        session.run("python", "-m", "pytest", "tests/others", "--backend", "numpy")


@nox.session
def recordings(session: nox.Session) -> None:
    """Read recordings of every kind, where movement is installed, and find their worst frames."""
    install(session, ".[recordings]", groups=("test",))
    session.run("python", "-m", "pytest", "-n", "2", "tests/recordings", *session.posargs)


@nox.session
def origin(session: nox.Session) -> None:
    """Compare with the real class of lightning-pose."""
    install(session, ".[torch]", groups=("test", "origin"))
    # Its dependencies, a whole training stack, are never called by the loss.
    session.install("--quiet", "--constraint", "constraints.txt", "--no-deps", "lightning-pose")
    session.run("python", "-m", "pytest", "-n", "2", "tests/origin", "--backend", "torch", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style."""
    install(session, groups=("lint",))
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")


@nox.session
def types(session: nox.Session) -> None:
    """Check types."""
    install(session, *SUITE, groups=("types",))
    session.run("mypy", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """Build the site, with warnings as errors; run what is on it, and open it in a browser."""
    install(session, *SUITE, ".[all-cpu]", groups=("docs", "test", "browser"))
    session.run("sphinx-build", "-W", "--keep-going", "-q", "-b", "html", "docs", "docs/_build/html")
    session.run("python", "-m", "pytest", "-n", "2", "--dist", "loadgroup", "tests/docs", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Measure against the origin and its peers, side by side; `-- --quick` takes 3 minutes."""
    install(session, ".[all-cpu]", groups=("bench", "origin"))
    session.install("--quiet", "--constraint", "constraints.txt", "--no-deps", "lightning-pose")
    session.run("python", "-m", "benchmarks", *session.posargs)


@nox.session
def gpu(session: nox.Session) -> None:
    """Test, compare and measure on a CUDA device; `-- --times 3` gives each step three times its limit."""
    install(session, *SUITE, ".[cupy13,torch,jax]", "jax[cuda13]", groups=("test", "bench"))
    session.run("python", "-m", "gpu.run", *session.posargs)


def files(folder: Path) -> set[str]:
    """Name all files below a folder."""
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {path.as_posix() for path in found if "__pycache__" not in path.parts}


@nox.session
def build(session: nox.Session) -> None:
    """Build both distributions, and use wheels and sdists in clean environments, from elsewhere."""
    session.install("--quiet", "build", *PROJECT["build-system"]["requires"])
    out = Path(session.create_tmp()).resolve()
    shutil.rmtree(out, ignore_errors=True)
    for folder in SUITE:
        # An sdist, and a wheel that is made from it.
        session.run("python", "-m", "build", "--no-isolation", "--outdir", str(out), folder)
    # A user has files of any name.
    work = out / "work"
    work.mkdir()
    (work / "conformance.py").write_text("raise SystemExit('this is not the suite')\n")
    for ending in (".whl", ".tar.gz"):
        library, suite = (
            str(next(out.glob(f"{name}-*{ending}")))
            for name in ("temporal_loss", "temporal_loss_conformance")
        )
        environment = out / f"env{ending}"
        session.run("python", "-m", "venv", "--without-pip", str(environment))
        python = str(environment / "bin" / "python")
        pip = ["python", "-m", "pip", "--python", python, "install", "--quiet", "--no-compile"]
        pip += ["--constraint", "constraints.txt"]
        session.run(*pip, library)
        (packages,) = environment.glob("lib/python*/site-packages")
        names = {path.name.partition("-")[0] for path in packages.iterdir()}
        if names != {"temporal_loss", "array_api_compat"}:
            session.error(f"the library brings {sorted(names)}")
        with session.chdir(work):
            session.run(python, "-c", "import temporal_loss", external=True)
        session.run(*pip, library, suite)
        # All of its folder but what describes the distribution.
        due = files(Path("conformance")) - {"LICENSE", "pyproject.toml"}
        if different := files(packages / "conformance") ^ due:
            session.error(f"the suite differs from its folder in {sorted(different)}")
        with session.chdir(work):
            # The page is made of files beside the code, which a package may lack.
            command = [str(environment / "bin" / "temporal-loss-conformance"), "--html", "r.html"]
            session.run(*command, "--backend", "numpy", "--core", external=True)
        with session.chdir(out):
            session.run(python, "-m", "conformance", "cases", "check", external=True)
