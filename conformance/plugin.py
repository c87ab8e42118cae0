"""The pytest plugin: makes one test per subject and case.

Loaded by `python -m conformance`; also works with pytest alone:
`pytest -p conformance.plugin --pyargs conformance.run.test_cases`.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from conformance import suite
from conformance.exits import UsageError
from conformance.run.plan import Plan
from conformance.run.runner import Runner
from conformance.steps import step_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_PLAN = pytest.StashKey[Plan]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the one option: the plan, as text, so that xdist's workers get it too."""
    parser.addoption("--conformance-plan", default="{}", help="JSON text of conformance.run.plan.Plan")


def pytest_configure(config: pytest.Config) -> None:
    """Read the plan."""
    config.stash[_PLAN] = Plan.from_text(config.getoption("--conformance-plan"))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Parametrise the test by subject and case."""
    if "trial" not in metafunc.fixturenames:
        return
    try:
        trials = metafunc.config.stash[_PLAN].trials()
    except UsageError as error:
        raise pytest.UsageError(str(error)) from error
    metafunc.parametrize("trial", trials, ids=[t.id for t in trials])


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Have `-k` select steps, and shuffle the cases within each subject, if a seed is given."""
    steps = {case.id: f"step-{step_of(case)}" for case in suite.load_cases()}
    for item in items:
        item.extra_keyword_matches.update({steps[name]} if (name := _case_of(item)) in steps else ())
    seed = config.stash[_PLAN].shuffle
    if seed is None:
        return
    groups: dict[str, list[pytest.Item]] = {}
    for item in items:
        groups.setdefault(item.name.rpartition("::")[0], []).append(item)
    for group in groups.values():
        random.Random(seed).shuffle(group)  # noqa: S311 - not for secrets
    items[:] = [item for group in groups.values() for item in group]


def _case_of(item: pytest.Item) -> str:
    # Ids are "subject::case", as `pytest_generate_tests` makes them.
    return item.name.rpartition("::")[2].removesuffix("]")


@pytest.fixture(scope="session")
def runner(request: pytest.FixtureRequest) -> Iterator[Runner]:
    """Where subjects are started and trials run."""
    held = Runner(request.config.stash[_PLAN])
    yield held
    held.close()
