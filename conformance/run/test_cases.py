"""The one test of the suite: a subject and a case. Parametrised by `conformance.plugin`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.run import conclude

if TYPE_CHECKING:
    import pytest

    from conformance.run.plan import Trial
    from conformance.run.runner import Runner


def test_case(trial: Trial, runner: Runner, request: pytest.FixtureRequest) -> None:
    """The subject answers as the case demands."""
    verdict = runner.run(trial)
    conclude.record(request.node, verdict)
    conclude.conclude(trial, verdict)
