"""What the command line does: its subcommands, and one run with its reports."""

from __future__ import annotations

import errno
import json
import os
import shlex
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from conformance import casefiles, explain, features, offline, options, profiles, suite
from conformance.bits import FORMATS
from conformance.exits import Exit, UsageError
from conformance.model import Op
from conformance.port import trace
from conformance.port.messages import lacking
from conformance.report import badge as badges
from conformance.report import diff as differences
from conformance.report import html, jsonl, markdown, terminal
from conformance.report.load import load, load_own
from conformance.report.summary import Summary
from conformance.results import Run
from conformance.run import chosen, execute, workers
from conformance.run.header import header_of
from conformance.run.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from conformance.model import Case


_PIPED_WIDTH = 160
_PAGES = {"markdown": markdown.render, "html": html.render}


@click.command(epilog=options.examples("diff main.jsonl mine.jsonl"))
@options.existing("old")
@options.existing("new")
def diff(old: Path, new: Path) -> int:
    """Compare two JSON lines reports; exit 1 if anything got worse."""
    found = differences.compare(load(old), load(new))
    differences.show(found, console())
    return Exit.DOES_NOT if found.worse else Exit.CONFORMS


@click.command(
    epilog=options.examples(
        "emit > requests.jsonl", "emit --dtype float32 --op value,gradient > requests.jsonl"
    )
)
@options.case
@options.one("--device", "cpu", "NAME", "Where to compute.")
@options.requests
@options.fresh_again
def emit(case: tuple[str, ...], device: str, **given: Any) -> int:
    """Print the requests of a run, for a port that cannot be started here."""
    for line in offline.emit(_emitted(case, given), device):
        sys.stdout.buffer.write(line)
    return Exit.CONFORMS


@click.command(
    epilog=options.examples("judge answers.jsonl", "judge answers.jsonl --dtype float32 --html report.html")
)
@options.existing("answers")
@options.case
@options.one("--device", "cpu", "NAME", "Where it was computed.")
@options.requests
@options.fresh_again
@options.deviations
@options.reports
def judge(answers: Path, case: tuple[str, ...], device: str, **given: Any) -> int:
    """Judge a file of answers to the requests that `emit` printed."""
    execute.prepare_environment()
    drawn, seed = _drawn(case, given)
    if given["op"] or given["dtype"]:
        case, drawn = tuple(each.id for each in _emitted(case, given)), 0
    choice = offline.AnswersChoice.of(answers.absolute(), device, case, drawn, seed)
    if choice.remark:
        console().print(Text(choice.remark, style="yellow"), soft_wrap=True)
    deviations = absolute(given["deviations"])
    plan = Plan(cases=case, fresh=drawn, seed=seed, deviations=deviations, answers=(choice,))
    return run(plan, given)


@click.command(epilog=options.examples("render report.jsonl --html report.html"))
@options.existing("report")
@options.pages
def render(report: Path, **given: Path | None) -> int:
    """Make other reports of a JSON lines report."""
    run = load_own(report)
    if not any(given.values()):
        message = "nothing to write: say --html FILE or --markdown FILE"
        raise UsageError(message)
    _write(Summary(run, run.cases), given)
    return Exit.CONFORMS


@click.command(epilog=options.examples("badge report.jsonl > badge.json"))
@options.existing("report")
def badge(report: Path) -> int:
    """Print badge JSON (for shields.io) from a JSON lines report."""
    run = load_own(report)
    click.echo(json.dumps(badges.badge(Summary(run, run.cases))))
    return Exit.CONFORMS


@click.group(
    cls=options.Group,
    epilog=options.examples("cases list --clause TL-8.2", "cases show value-exact-f64-001", "cases check"),
)
def cases() -> None:
    """Look at the cases: list, show, check, pairs."""


@cases.command(
    name="list", epilog=options.examples("cases list", "cases list --clause TL-8.2 --profile value-f64")
)
@options.listed("--clause", "Only those of these clauses.", "IDS")
@options.listed("--profile", "Only those of these profiles.", "NAMES")
def list_cases(clause: Collection[str], profile: Collection[str]) -> int:
    """List ids with what each is about."""
    everything = suite.load_cases()
    _known(profile, profiles.NAMES, "profile")
    _known(clause, {c for case in everything for c in case.clauses}, "clause")
    table = Table(box=None, pad_edge=False, show_header=False)
    for case in everything:
        mine = profiles.profiles_of(case, profiles.Place("elsewhere", "traced"))
        if (not clause or {*clause} & {*case.clauses}) and (not profile or {*profile} & {*mine}):
            table.add_row(Text(case.id), Text(case.description))
    console().print(table)
    return Exit.CONFORMS


@cases.command(
    epilog=options.examples("cases show value-exact-f64-001", "cases show --all echo-special-f16-003")
)
@click.argument("case")
@click.option("--all", "every", is_flag=True, help="Every number of it, and its bits.")
def show(case: str, *, every: bool) -> int:
    """Show one case: clauses, inputs, expected values."""
    for label, text in explain.about(Plan(cases=(case,)).selected[0], every=every):
        console().print(Text.assemble((f"{label:>8}  ", "dim"), text), soft_wrap=True)
    return Exit.CONFORMS


@cases.command(epilog=options.examples("cases check"))
def check() -> int:
    """Check the case files: schema, ids, clauses."""
    problems = casefiles.problems()
    for problem in problems:
        click.echo(problem)
    everything = suite.load_cases()
    ports = len(everything) - len(chosen.without_transport(everything))
    counts = f"{len(everything)} cases ({ports} for ports alone), {len(problems)} problems"
    click.echo(f"{counts}, suite {suite.suite_hash()[:12]}")
    return Exit.FAULT if problems else Exit.CONFORMS


@cases.command(epilog=options.examples("cases pairs"))
def pairs() -> int:
    """Show which features no case has together."""
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
    console().print(table, *lines, sep="\n")
    return Exit.CONFORMS


def _drawn(names: tuple[str, ...], given: Mapping[str, Any]) -> tuple[int, int]:
    """Return how many cases are drawn for answers in a file, and from what seed: it has to be known."""
    if bool(given["fresh"]) != (given["seed"] is not None):
        message = "--fresh and --seed go together here: emit and judge have to draw the same cases"
        raise UsageError(message)
    if names and given["fresh"]:
        message = "--fresh does not go with --case: the id of a fresh case holds its seed"
        raise UsageError(message)
    return given["fresh"] or 0, given["seed"] or 0


def _emitted(names: tuple[str, ...], given: Mapping[str, Any]) -> list[Case]:
    """Return the cases whose requests need no other operations and dtypes than these."""
    ops: Collection[str] = given["op"]
    dtypes: Collection[str] = given["dtype"]
    _known(ops, set(Op), "operation")
    _known(dtypes, set(FORMATS), "dtype")
    drawn, seed = _drawn(names, given)
    found = Plan(cases=names, fresh=drawn, seed=seed).selected
    return [c for c in found if lacking(c.request, ops or tuple(Op), dtypes or tuple(FORMATS)) is None]


def _known(asked: Collection[str], there: Collection[str], what: str) -> None:
    for name in asked:
        if name not in there:
            message = f"no {what} {name!r}: choose from {', '.join(sorted(there))}"
            raise UsageError(message)


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Tell of it, where rich ends with 1: "does not conform"."""
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))


def console() -> Console:
    """Return where reports go: coloured on a terminal only, and wide where nobody looks."""
    return _Console(width=None if sys.stdout.isatty() else _PIPED_WIDTH, highlight=False)


def absolute(path: Path | None) -> str:
    """Return a path that holds in every process, or nothing."""
    return str(path.absolute()) if path else ""


def run(asked: Plan, given: Mapping[str, Any], extra: Sequence[str] = ()) -> int:
    """Run the suite and write the reports asked for."""
    out = console()
    execute.check(asked)
    if not asked.subjects:
        print_absences(asked, out)
        out.print("nothing to run: no subject is here")
        return Exit.INCOMPLETE
    command = "python -m conformance " + shlex.join(sys.argv[1:])
    done = Run(header_of(asked, command.strip()))
    with TemporaryDirectory(prefix="conformance-") as scratch:
        junit = Path(scratch, "junit.xml")
        more = [f"--junitxml={junit}"] if given["junit"] else []
        more += workers.options(asked, extra)
        with jsonl.written(done, given["jsonl"]) as writers:
            execute.execute(asked, done, out, writers, [*more, *extra])
        summary = Summary(done, done.cases)
        # What was found is told before anything can go wrong with a file.
        terminal.show(summary, out)
        if given["junit"]:
            _save("junit", given["junit"], junit.read_text(encoding="utf-8"))
    _write(summary, given)
    for writer in writers:
        writer.check()
    trace.check(asked.trace)
    return done.exit_code


def _write(summary: Summary, given: Mapping[str, Any]) -> None:
    for name, render in _PAGES.items():
        if given[name]:
            _save(name, given[name], render(summary))


def _save(option: str, path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        message = f"--{option} {path}: {error.strerror}"
        raise UsageError(message) from error


def print_absences(asked: Plan, out: Console) -> None:
    """Say what cannot run here, and why."""
    for absence in asked.absences:
        out.print(Text(f"{absence.name}: absent: {absence.reason}"))
