"""What the command line does, apart from reading its arguments."""

from __future__ import annotations

import json
import os
import shlex
import sys
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from conformance import casefiles, explain, features, offline, profiles, suite
from conformance.bits import FORMATS
from conformance.exits import Exit, UsageError
from conformance.model import Op
from conformance.port.messages import lacking
from conformance.port.options import ports
from conformance.report import badge as badges
from conformance.report import diff, html, jsonl, markdown, terminal
from conformance.results import Run
from conformance.run import execute, workers
from conformance.run.header import header_of
from conformance.run.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from conformance.model import Case
_PIPED_WIDTH = 160


def console() -> Console:
    """Return where reports go: coloured on a terminal only, and wide where nobody looks."""
    return Console(width=None if sys.stdout.isatty() else _PIPED_WIDTH, highlight=False)


def plan(options: Mapping[str, Any]) -> Plan:
    """Make a plan of the options."""
    execute.prepare_environment()
    return Plan(
        backends=options["backend"],
        devices=options["device"],
        modes=options["mode"],
        require=options["require"],
        subject=options["subject"],
        ports=ports(options),
        cases=options["case"],
        deviations=_path(options["deviations"]),
        shuffle=options["shuffle"],
        seconds=options["timeout"] or Plan.seconds,
    )


def _path(path: Path | None) -> str:
    return str(path.absolute()) if path else ""


def run_suite(options: Mapping[str, Any], out: Console, extra: Sequence[str]) -> int:
    """Run the suite and write the reports asked for."""
    check_writable(options)
    return _run(plan(options), options, out, extra)


def _run(asked: Plan, options: Mapping[str, Any], out: Console, extra: Sequence[str] = ()) -> int:
    execute.check(asked)
    if not asked.subjects:
        for absence in asked.absences:
            out.print(Text(f"{absence.name}: absent: {absence.reason}"))
        out.print("nothing to run: no subject is here")
        return Exit.INCOMPLETE
    more = [f"--junitxml={options['junit'].resolve()}"] if options["junit"] else []
    more += workers.options(asked, extra)
    command = "python -m conformance " + shlex.join(sys.argv[1:])
    done = Run(header_of(asked, command.strip()))
    with jsonl.written(done, options["jsonl"]) as writers:
        execute.execute(asked, done, out, writers, [*more, *extra])
    # What was found is told before anything can go wrong with a file.
    terminal.show(done, suite.load_cases(), out)
    _write(done, options)
    return done.exit_code


def check_writable(options: Mapping[str, Any]) -> None:
    """Refuse reports that could not be written, before a run and not after it."""
    for name in ("jsonl", "markdown", "html", "junit"):
        path: Path | None = options.get(name)
        if path is None:
            continue
        folder = path.absolute().parent
        if not folder.is_dir():
            message = f"--{name} {path}: there is no folder {folder}"
            raise UsageError(message)
        if not os.access(path if path.exists() else folder, os.W_OK):
            message = f"--{name} {path}: may not be written"
            raise UsageError(message)


def _write(run: Run, options: Mapping[str, Any]) -> None:
    for name, render in (("markdown", markdown.render), ("html", html.render)):
        if options[name]:
            try:
                options[name].write_text(render(run, suite.load_cases()), encoding="utf-8")
            except OSError as error:
                message = f"--{name} {options[name]}: {error.strerror}"
                raise UsageError(message) from error


def emit(names: tuple[str, ...], device: str, ops: Collection[str], dtypes: Collection[str]) -> int:
    """Write the requests of a run to standard output."""
    for line in offline.emit(_emitted(names, ops, dtypes), device):
        sys.stdout.buffer.write(line)
    return Exit.CONFORMS


def judge_answers(answers: Path, device: str, options: Mapping[str, Any], out: Console) -> int:
    """Judge a file of answers as a run of the suite."""
    check_writable(options)
    cases: tuple[str, ...] = options["case"]
    if options["op"] or options["dtype"]:
        cases = tuple(case.id for case in _emitted(cases, options["op"], options["dtype"]))
    choice = offline.AnswersChoice.of(answers.absolute(), device, cases)
    execute.prepare_environment()
    asked = Plan(answers=(choice,), cases=cases, deviations=_path(options["deviations"]))
    return _run(asked, options, out)


def _emitted(names: tuple[str, ...], ops: Collection[str], dtypes: Collection[str]) -> list[Case]:
    """Return the cases whose requests need no other operations and dtypes than these."""
    _known(ops, set(Op), "operation")
    _known(dtypes, set(FORMATS), "dtype")
    cases = Plan(cases=names).selected
    return [c for c in cases if lacking(c.request, ops or tuple(Op), dtypes or tuple(FORMATS)) is None]


def list_subjects(asked: Plan, out: Console) -> int:
    """Print the subjects that would run, with the number of cases, and what is absent."""
    counts: dict[str, int] = {}
    for trial in asked.trials():
        counts[trial.subject.name] = counts.get(trial.subject.name, 0) + 1
    for subject in asked.subjects:
        out.print(Text(f"{subject.name}: {counts.get(subject.name, 0)} cases"))
    for absence in asked.absences:
        out.print(Text(f"{absence.name}: absent: {absence.reason}"))
    out.print(Text("cases by id: python -m conformance cases list", style="dim"))
    return Exit.CONFORMS


def compare_recording(options: Mapping[str, Any], out: Console) -> int:
    """Compare the backends on a user's own recording."""
    from conformance import compare  # noqa: PLC0415 - only here needed

    execute.prepare_environment()
    keywords = {
        name: options[option]
        for name, option in (
            ("epsilon", "epsilon"),
            ("prob_threshold", "prob_threshold"),
            ("nan_policy", "nan_policy"),
            ("backends", "backend"),
            ("devices", "device"),
            ("modes", "mode"),
        )
        if options[option] not in (None, ())
    }
    return int(compare.run(options["data"], console=out, **keywords))


def diff_reports(old: Path, new: Path, out: Console) -> int:
    """Print what changed between two reports."""
    found = diff.compare(jsonl.read(old), jsonl.read(new))
    diff.show(found, out)
    return Exit.DOES_NOT if found.worse else Exit.CONFORMS


def render_report(report: Path, options: Mapping[str, Any]) -> int:
    """Write other reports of a JSON lines report; the cases have to be those that are installed."""
    run = jsonl.read(report)
    if not any(options.values()):
        message = "nothing to write: say --html FILE or --markdown FILE"
        raise UsageError(message)
    if run.header.suite != suite.suite_hash():
        message = f"{report}: of other cases (suite {run.header.suite[:12]}) than those installed here"
        raise UsageError(message)
    check_writable(options)
    _write(run, options)
    return Exit.CONFORMS


def badge(report: Path) -> str:
    """Return the badge of a report as JSON text."""
    return json.dumps(badges.badge(jsonl.read(report)))


def list_cases(clauses: Collection[str], names: Collection[str], out: Console) -> int:
    """Print the ids of cases."""
    _known(names, profiles.NAMES, "profile")
    table = Table(box=None, pad_edge=False, show_header=False)
    everything = suite.load_cases()
    _known(clauses, {c for case in everything for c in case.clauses}, "clause")
    for case in everything:
        mine = profiles.profiles_of(case, profiles.Place("elsewhere", "traced"))
        if (not clauses or {*clauses} & {*case.clauses}) and (not names or {*names} & {*mine}):
            table.add_row(Text(case.id), Text(case.description))
    out.print(table)
    return Exit.CONFORMS


def show_case(name: str, out: Console) -> int:
    """Print one case in full."""
    case = Plan(cases=(name,)).selected[0]
    for label, text in explain.about(case):
        out.print(Text(f"{label:>8}  ", style="dim") + Text(text), soft_wrap=True)
    return Exit.CONFORMS


def check_cases(out: Console) -> int:
    """Check the case files, as the build does."""
    problems = casefiles.problems()
    for problem in problems:
        out.print(Text(problem))
    out.print(f"{len(suite.load_cases())} cases, {len(problems)} problems, suite {suite.suite_hash()[:12]}")
    return Exit.FAULT if problems else Exit.CONFORMS


def show_pairs(out: Console) -> int:
    """Print which features no case has together."""
    table = Table("kind", "feature", "never with", box=None, pad_edge=False)
    lines = []
    for kind, pairs in features.missing(c.request for c in suite.load_cases() if c.error is None).items():
        partners: dict[str, dict[str, list[str]]] = {}
        for (name, value), (other, its) in pairs:
            partners.setdefault(f"{name} {value}", {}).setdefault(other, []).append(its)
        for feature, others in partners.items():
            table.add_row(kind, feature, "; ".join(f"{n} {', '.join(v)}" for n, v in others.items()))
        total = sum(1 for _ in features.possible(kind))
        lines.append(f"{kind}: {total - len(pairs)} of {total} pairs")
    out.print(table, *lines, sep="\n")
    return Exit.CONFORMS


def _known(asked: Collection[str], there: Collection[str], what: str) -> None:
    for name in asked:
        if name not in there:
            message = f"no {what} {name!r}: choose from {', '.join(sorted(there))}"
            raise UsageError(message)
