"""`python -m conformance`: what to run, and where the reports go."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

import temporal_loss
from conformance.exits import Exit, StartError, UsageError
from conformance.port.options import port_options

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_EXAMPLES = """\b
Examples:
  python -m conformance                                every backend here
  python -m conformance --backend torch --mode all     one backend, every mode
  python -m conformance --subject mine.loss:temporal   your own function
  python -m conformance --port "node port.js"          your own program
  python -m conformance --case ID --backend jax        one case again
  python -m conformance -- -k gradient -n 2            options of pytest

\b
With --data: --epsilon E[,E...] --prob-threshold P --nan-policy omit
With --port: --start-timeout S --total-timeout S --max-line MIB --max-memory MIB --max-processes N

\b
Exit: 0 conforms, 1 does not, 2 usage, 3 subject did not start,
      4 fault in the suite, 5 incomplete or nothing ran"""


_WITH_DATA = {"data", "epsilon", "prob_threshold", "nan_policy", "backend", "device", "mode"}


def _only_with_data(ctx: click.Context) -> None:
    """Refuse what a comparison on a recording would have to leave out."""
    for parameter in ctx.command.params:
        name = parameter.name or ""
        typed = ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE
        if typed and name not in _WITH_DATA:
            message = f"{parameter.opts[0]} does not go with --data"
            raise UsageError(message)


def _examples(*lines: str) -> str:
    commands = [f"  python -m conformance {line}" for line in lines]
    return "\n".join(["\b", "Example:" if len(lines) == 1 else "Examples:", *commands])


class _Group(click.Group):
    """A group whose own options may be followed by `--` and options of pytest."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Set aside what follows `--`."""
        if "--" in args:
            at = args.index("--")
            args, ctx.meta["pytest"] = args[:at], args[at + 1 :]
        return super().parse_args(ctx, args)


def _words(_ctx: click.Context, _parameter: click.Parameter, value: Sequence[str]) -> tuple[str, ...]:
    return tuple(word for text in value for word in text.split(",") if word)


def _listed(name: str, text: str, metavar: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return click.option(name, multiple=True, callback=_words, metavar=metavar, help=text)


def _file(
    name: str, text: str, *, exists: bool = False
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    kind = click.Path(path_type=Path, dir_okay=False, exists=exists)
    return click.option(name, type=kind, metavar="FILE", help=text)


@click.group(
    cls=_Group,
    invoke_without_command=True,
    epilog=_EXAMPLES,
    subcommand_metavar="[COMMAND | -- PYTEST OPTIONS]",
    context_settings={"max_content_width": 100},
)
@_listed("--backend", "numpy, torch, jax, cupy, dask, strict, MODULE:OBJECT.", "NAMES")
@_listed("--device", "Only these: cpu, cuda, cuda:0, …", "NAMES")
@_listed("--mode", "eager (default), compiled, all, jit, vmap, …", "NAMES")
@_listed("--require", "Backends whose absence is an error.", "NAMES")
@click.option("--subject", default="", metavar="MODULE:NAME", help="Test this Python callable instead.")
@port_options
@_listed("--case", "Only these cases, by id.", "IDS")
@_file("--deviations", "Known failures (TOML or JSON).", exists=True)
@click.option("--shuffle", type=int, metavar="SEED", help="Run the cases in another order.")
@click.option(
    "--timeout",
    type=click.FloatRange(0, min_open=True),
    metavar="S",
    help="Seconds per request: 120, and 10 for --port.",
)
@_file("--jsonl", "Write a JSON lines report.")
@_file("--markdown", "Write a Markdown report.")
@_file("--html", "Write an HTML report, all in one file.")
@_file("--junit", "Write JUnit XML.")
@click.option("--list", "only_list", is_flag=True, help="Say what would run, and stop.")
@_file(
    "--data",
    "Compare backends on your recording (--epsilon, …).",
    exists=True,
)
@click.option("--epsilon", hidden=True)
@click.option("--prob-threshold", hidden=True)
@click.option("--nan-policy", type=click.Choice(["propagate", "omit"]), hidden=True)
@click.version_option(temporal_loss.__version__, prog_name="temporal_loss conformance suite")
@click.pass_context
def cli(ctx: click.Context, /, **options: Any) -> int | None:
    """Compare implementations of the temporal loss with its text, case by case."""
    if ctx.invoked_subcommand is not None:
        return None
    # Array libraries and pytest are slow to import, and help has to be quick.
    from conformance import commands  # noqa: PLC0415

    console = commands.console()
    if options["data"] is not None:
        _only_with_data(ctx)
        return commands.compare_recording(options, console)
    for name in ("epsilon", "prob_threshold", "nan_policy"):
        if options[name] is not None:
            message = f"--{name.replace('_', '-')} belongs to --data"
            raise UsageError(message)
    if options["only_list"]:
        return commands.list_subjects(commands.plan(options), console)
    return commands.run_suite(options, console, ctx.meta.get("pytest", []))


@cli.command(epilog=_examples("diff main.jsonl mine.jsonl"))
@click.argument("old", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.argument("new", type=click.Path(path_type=Path, dir_okay=False, exists=True))
def diff(old: Path, new: Path) -> int:
    """Compare two JSON lines reports; exit 1 if anything got worse."""
    from conformance import commands  # noqa: PLC0415

    return commands.diff_reports(old, new, commands.console())


@cli.command(
    epilog=_examples("emit > requests.jsonl", "emit --dtype float32 --op value,gradient > requests.jsonl")
)
@_listed("--case", "Only these cases, by id.", "IDS")
@click.option("--device", default="cpu", metavar="NAME", help="Where to compute.")
@_listed("--op", "Only requests of these operations.", "NAMES")
@_listed("--dtype", "Only requests whose floating arrays are of these dtypes.", "NAMES")
def emit(case: tuple[str, ...], device: str, op: tuple[str, ...], dtype: tuple[str, ...]) -> int:
    """Print the requests of a run, for a port that cannot be started here."""
    from conformance import commands  # noqa: PLC0415

    return commands.emit(case, device, op, dtype)


@cli.command(
    epilog=_examples("judge answers.jsonl", "judge answers.jsonl --dtype float32 --html report.html")
)
@click.argument("answers", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@_listed("--case", "Only these cases, by id.", "IDS")
@click.option("--device", default="cpu", metavar="NAME", help="Where it was computed.")
@_listed("--op", "Only requests of these operations.", "NAMES")
@_listed("--dtype", "Only requests whose floating arrays are of these dtypes.", "NAMES")
@_file("--deviations", "Known failures (TOML or JSON).", exists=True)
@_file("--jsonl", "Write a JSON lines report.")
@_file("--markdown", "Write a Markdown report.")
@_file("--html", "Write an HTML report, all in one file.")
@_file("--junit", "Write JUnit XML.")
def judge(answers: Path, device: str, **options: Any) -> int:
    """Judge a file of answers to the requests that `emit` printed."""
    from conformance import commands  # noqa: PLC0415

    return commands.judge_answers(answers, device, options, commands.console())


@cli.command(epilog=_examples("render report.jsonl --html report.html"))
@click.argument("report", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@_file("--markdown", "Write a Markdown report.")
@_file("--html", "Write an HTML report, all in one file.")
def render(report: Path, **options: Any) -> int:
    """Make other reports of a JSON lines report."""
    from conformance import commands  # noqa: PLC0415

    return commands.render_report(report, options)


@cli.command(epilog=_examples("badge report.jsonl > badge.json"))
@click.argument("report", type=click.Path(path_type=Path, dir_okay=False, exists=True))
def badge(report: Path) -> int:
    """Print badge JSON (for shields.io) from a JSON lines report."""
    from conformance import commands  # noqa: PLC0415

    click.echo(commands.badge(report))
    return 0


@cli.group(epilog=_examples("cases list --clause TL-8.2", "cases show value-exact-f64-001", "cases check"))
def cases() -> None:
    """Look at the cases: list, show, check, pairs."""


@cases.command(name="list", epilog=_examples("cases list", "cases list --clause TL-8.2 --profile value-f64"))
@_listed("--clause", "Only those of these clauses.", "IDS")
@_listed("--profile", "Only those of these profiles.", "NAMES")
def list_cases(clause: tuple[str, ...], profile: tuple[str, ...]) -> int:
    """List ids with what each is about."""
    from conformance import commands  # noqa: PLC0415

    return commands.list_cases(clause, profile, commands.console())


@cases.command(epilog=_examples("cases show value-exact-f64-001"))
@click.argument("case")
def show(case: str) -> int:
    """Show one case: clauses, inputs, expected values."""
    from conformance import commands  # noqa: PLC0415

    return commands.show_case(case, commands.console())


@cases.command(epilog=_examples("cases check"))
def check() -> int:
    """Check the case files: schema, ids, clauses."""
    from conformance import commands  # noqa: PLC0415

    return commands.check_cases(commands.console())


@cases.command(epilog=_examples("cases pairs"))
def pairs() -> int:
    """Show which features no case has together."""
    from conformance import commands  # noqa: PLC0415

    return commands.show_pairs(commands.console())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; every error of the user is one line that says what to do."""
    try:
        code = cli.main(arguments, prog_name="python -m conformance", standalone_mode=False)
    except UsageError as error:
        return _complain(str(error), Exit.USAGE)
    except StartError as error:
        return _complain(str(error), Exit.NOT_STARTED)
    except click.NoSuchOption as error:
        hint = "" if error.option_name.startswith("--") else " Options of pytest come after `--`."
        return _complain(error.format_message() + hint, Exit.USAGE)
    except click.ClickException as error:
        return _complain(error.format_message(), Exit.USAGE)
    except click.Abort:
        return _complain("interrupted", Exit.INCOMPLETE)
    return int(code or 0)


def _complain(message: str, code: Exit) -> int:
    click.echo(f"python -m conformance: {message}", err=True)
    return code
