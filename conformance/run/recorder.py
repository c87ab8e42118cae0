"""Collects verdicts from pytest's reports, in the process that the user sees."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Protocol

import pytest

from conformance.model import Status, Verdict
from conformance.run import conclude
from conformance.text import LONGEST, clean

if TYPE_CHECKING:
    from conformance.results import Run


class Listener(Protocol):
    """What is told of every verdict as it comes."""

    def planned(self, total: int) -> None:
        """Hear how many verdicts are to come."""

    def verdict(self, verdict: Verdict) -> None:
        """Hear a verdict."""


class Recorder:
    """A pytest plugin for the one process that starts the run; xdist's workers have none."""

    def __init__(self, run: Run, *listeners: Listener) -> None:
        self._run = run
        self._listeners = listeners
        self.selection = ""
        """The options that select cases, in words."""

    def pytest_configure(self, config: pytest.Config) -> None:
        """Keep what cases are selected by, to name it where there are none."""
        chosen = {"-k": config.getoption("keyword"), "-m": config.getoption("markexpr")}
        words = [f"{option} {shlex.quote(told)}" for option, told in chosen.items() if told]
        self.selection = " ".join(words) or "what follows `--`"

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Count what is left after selection."""
        if session.items:
            self._plan(len(session.items))

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        """Count what xdist's workers found; each of them finds all of it."""
        self._plan(len(ids))

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Keep what went wrong: collecting fails only by a fault of the suite."""
        if report.failed:
            self._fault(report.longreprtext)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take the verdict from a finished test."""
        if report.when == "call" or (report.failed and not self._known(report)):
            self._take(report)

    def pytest_internalerror(self, excrepr: object) -> None:
        """Keep the last line; the exit code tells of a fault."""
        self._fault(str(excrepr))

    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str]:
        """Let pytest print nothing per test."""
        return report.outcome, "", ""

    def _plan(self, total: int) -> None:
        if self._run.planned != total:
            self._run.planned = total
            for listener in self._listeners:
                listener.planned(total)

    def _fault(self, text: str, where: str = "") -> None:
        last = text.strip().rpartition("\n")[2]
        self._run.faults.append(clean(where + last, LONGEST))

    def _known(self, report: pytest.TestReport) -> bool:
        found = conclude.recorded(report)
        return found is not None and any(
            (v.subject, v.case) == (found.subject, found.case) for v in self._run.verdicts
        )

    def _take(self, report: pytest.TestReport) -> None:
        verdict = conclude.recorded(report)
        if verdict is None:
            if report.when in {"setup", "call", "teardown"}:
                self._fault(report.longreprtext, f"{report.nodeid}: ")
                return
            # What xdist reports when a worker is gone: the subject took its process with it.
            subject, _, case = report.nodeid.partition("[")[2].removesuffix("]").rpartition("::")
            verdict = Verdict(case, subject, Status.CRASH, "the process died while this case ran")
        self._run.verdicts.append(verdict)
        for listener in self._listeners:
            listener.verdict(verdict)
