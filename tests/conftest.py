"""The option `--backend`, for every test that runs on array libraries."""

from pathlib import Path

import pytest
from support.selection import select

ORIGIN = Path(__file__).parent / "origin"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--backend",
        action="append",
        default=[],
        metavar="NAME[,NAME]",
        help="array libraries to test on: numpy, torch, jax, cupy, dask, strict (default: all that are "
        "here), cupy-stand-in (only if asked for)",
    )
    parser.addoption(
        "--device",
        default="",
        metavar="NAME",
        help="cpu, cuda, ...: where the tests that all libraries share make their arrays, unless they name a "
        "device (default: the library's first)",
    )


def pytest_configure(config: pytest.Config) -> None:
    select(config.getoption("--backend"))


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    # It needs packages that no other test does, and without them nothing at all would run.
    return (collection_path == ORIGIN and not _asks_for_origin(config)) or None


def _asks_for_origin(config: pytest.Config) -> bool:
    return any(ORIGIN in [path, *path.parents] for path in (_path(argument) for argument in config.args))


def _path(argument: str) -> Path:
    return Path(argument.partition("::")[0]).resolve()


def pytest_report_header(config: pytest.Config) -> list[str]:
    chosen = select(config.getoption("--backend"))
    lines = [f"backends under test: {', '.join(chosen.names) or 'none'}"]
    if not _asks_for_origin(config):
        lines.append("left out: tests/origin, which `nox -s origin` runs")
    return lines + [f"backend absent: {name} ({reason})" for name, reason in chosen.absent.items()]
