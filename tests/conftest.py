"""The option `--backend`, for every test that runs on array libraries."""

import pytest
from support.selection import select


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--backend",
        action="append",
        default=[],
        metavar="NAME[,NAME]",
        help="array libraries to test on: numpy, torch, jax, cupy, dask, strict (default: all that are here)",
    )


def pytest_configure(config: pytest.Config) -> None:
    select(config.getoption("--backend"))


def pytest_report_header(config: pytest.Config) -> list[str]:
    chosen = select(config.getoption("--backend"))
    lines = [f"backends under test: {', '.join(chosen.names) or 'none'}"]
    return lines + [f"backend absent: {name} ({reason})" for name, reason in chosen.absent.items()]
