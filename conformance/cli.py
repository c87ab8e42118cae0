"""`python -m conformance`: what to run, and where the reports go."""

from __future__ import annotations

import os
import random
import shlex
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource
from rich.text import Text

import temporal_loss
from conformance import commands, compare, fresh, options
from conformance.exits import Exit, NothingRanError, StartError, UsageError
from conformance.port.guard import guarded
from conformance.port.limits import CALLABLE
from conformance.port.options import POSITIVE, limits, port_options, ports, trace
from conformance.run.execute import prepare_environment
from conformance.run.plan import Plan
from conformance.text import LONGEST, clean

if TYPE_CHECKING:
    from collections.abc import Sequence

_NAME = "python -m conformance"
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
Limits: --start-timeout S --total-timeout S --max-line MIB --max-memory MIB --max-processes N

\b
Exit: 0 conforms, 1 does not, 2 usage, 3 subject did not start,
      4 fault in the suite, 5 incomplete or nothing ran"""

_WITH_DATA = {"data", "epsilon", "prob_threshold", "nan_policy", "backend", "device", "mode"}
_ONLY_WITH_DATA = {"epsilon", "prob_threshold", "nan_policy"}


def _check_together(ctx: click.Context) -> None:
    """Refuse what would have no effect: beside a command, with a comparison on a recording or without."""
    command, data = ctx.invoked_subcommand, ctx.params["data"] is not None
    if ctx.meta.get("pytest"):
        alone = command or ("--data" if data else "--list" if ctx.params["only_list"] else "")
        if alone:
            message = f"`-- {shlex.join(ctx.meta['pytest'])}` does not go with {alone}: no pytest runs there"
            raise UsageError(message)
    for parameter in ctx.command.params:
        name = parameter.name or ""
        if ctx.get_parameter_source(name) is not ParameterSource.COMMANDLINE:
            continue
        message = ""
        if command:
            message = f"{parameter.opts[0]} before {command} has no effect: options come after the command"
        elif data and name not in _WITH_DATA:
            message = f"{parameter.opts[0]} does not go with --data"
        elif not data and name in _ONLY_WITH_DATA:
            message = f"{parameter.opts[0]} belongs to --data"
        if message:
            raise UsageError(message)


class _Group(click.Group):
    """A group whose own options may be followed by `--` and options of pytest."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Set aside what follows `--`."""
        if "--" in args:
            at = args.index("--")
            args, ctx.meta["pytest"] = args[:at], args[at + 1 :]
        return super().parse_args(ctx, args)


@click.group(
    cls=_Group,
    commands=[
        commands.diff,
        commands.emit,
        commands.judge,
        commands.render,
        commands.badge,
        commands.cases,
    ],
    invoke_without_command=True,
    epilog=_EXAMPLES,
    subcommand_metavar="[COMMAND | -- PYTEST OPTIONS]",
    context_settings={"max_content_width": 100, "help_option_names": ["-h", "--help"]},
)
@options.listed("--backend", "numpy, torch, jax, cupy, dask, strict, MODULE:OBJECT.", "NAMES")
@options.listed("--device", "Only these: cpu, cuda, cuda:0, …", "NAMES")
@options.listed("--mode", "eager (if not named, less on JAX), compiled, all, …", "NAMES")
@options.listed("--require", "Backends whose absence is an error.", "NAMES")
@options.one("--subject", "", "MODULE:NAME", "Test this Python callable instead.")
@port_options
@options.case
@options.fresh
@click.option("--core", is_flag=True, help="Only a few, which catch every known mistake.")
@options.deviations
@click.option("--shuffle", type=int, metavar="SEED", help="Run the cases in another order.")
@click.option(
    "--timeout",
    type=POSITIVE,
    metavar="S",
    help="Seconds per request: 120, and 10 for --port.",
)
@options.reports
@click.option("--list", "only_list", is_flag=True, help="Say what would run, and stop.")
@options.file("--data", "Compare backends on your recording (--epsilon, …).")
@click.option("--epsilon", hidden=True)
@click.option("--prob-threshold", hidden=True)
@click.option("--nan-policy", type=click.Choice(["propagate", "omit"]), hidden=True)
@click.version_option(temporal_loss.__version__, prog_name="temporal_loss conformance suite")
@click.pass_context
def cli(ctx: click.Context, /, **given: Any) -> int | None:
    """Compare implementations of the temporal loss with its text, case by case."""
    _check_together(ctx)
    if ctx.invoked_subcommand is not None:
        return None
    options.keep_code(ctx)
    prepare_environment()
    if given["data"] is not None:
        asked = {name: given[name] for name in _WITH_DATA if given[name] not in {None, ()}}
        return compare.run(console=commands.console(), **asked)
    drawn, seed = _drawn(given)
    with guarded():
        kept = trace(given)
        plan = Plan(
            backends=given["backend"],
            devices=given["device"],
            modes=given["mode"],
            require=given["require"],
            subject=given["subject"],
            limits=limits(given, CALLABLE),
            trace=kept,
            ports=ports(given, kept),
            cases=given["case"],
            fresh=drawn,
            seed=seed,
            core=given["core"],
            deviations=commands.absolute(given["deviations"]),
            shuffle=given["shuffle"],
            seconds=given["timeout"] or Plan.seconds,
        )
        return _list(plan) if given["only_list"] else commands.run(plan, given, ctx.meta.get("pytest", []))


def _drawn(given: dict[str, Any]) -> tuple[int, int]:
    """Return how many cases to draw, and from what seed: none beside chosen ones, unless it is said."""
    asked = {"fresh": given["fresh"], "seed": given["seed"] is not None, "core": given["core"]}
    for name, there in asked.items() if given["case"] else ():
        if there:
            message = f"--{name} does not go with --case: the id of a fresh case holds its seed"
            raise UsageError(message)
    count = given["fresh"]
    if count is None:
        count = 0 if given["case"] or given["core"] else fresh.COUNT
    if asked["seed"] and not count:
        message = f"--seed {given['seed']} has no effect without fresh cases: add --fresh N of at least 1"
        raise UsageError(message)
    return count, random.SystemRandom().randrange(10**9) if given["seed"] is None else given["seed"]


def _list(plan: Plan) -> int:
    """Print the subjects that would run, with the number of cases, and what is absent."""
    out = commands.console()
    names = [trial.subject.name for trial in plan.trials()]
    for subject in plan.subjects:
        out.print(Text(f"{subject.name}: {names.count(subject.name)} cases"))
    commands.print_absences(plan, out)
    out.print(Text("cases by id: python -m conformance cases list", style="dim"))
    return Exit.CONFORMS


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; every error of the user is one line that says what to do."""
    try:
        code = _invoke(sys.argv[1:] if arguments is None else list(arguments))
        sys.stdout.flush()
    except StartError as error:
        return _complain(str(error), Exit.NOT_STARTED)
    except NothingRanError as error:
        return _complain(str(error), Exit.INCOMPLETE)
    except (click.Abort, EOFError, KeyboardInterrupt):
        return _complain("interrupted", Exit.INCOMPLETE)
    except (UsageError, click.ClickException, OSError) as error:
        return _complain(_about(error), Exit.USAGE)
    return int(code or 0)


def _invoke(arguments: list[str]) -> int | None:
    """Run the command. click's own `main` would end with 1, "does not conform", if output has no reader."""
    if sys.stdout is None:
        message = "there is no standard output to write to"
        raise UsageError(message)
    try:
        with cli.make_context(_NAME, arguments) as context:
            code: int | None = cli.invoke(context)
            return code
    except click.exceptions.Exit as end:
        return end.exit_code


def _about(error: UsageError | click.ClickException | OSError) -> str:
    """Return the line that tells a user what went wrong."""
    if isinstance(error, OSError):
        # A full disk, or a reader such as `head` that has gone. Python flushes once more at its end.
        with suppress(OSError), open(os.devnull, "w", encoding="utf-8") as nowhere:  # noqa: PTH123
            os.dup2(nowhere.fileno(), sys.stdout.fileno())
        return f"cannot read or write: {error}"
    text = error.format_message() if isinstance(error, click.ClickException) else str(error)
    if isinstance(error, click.NoSuchOption) and not error.option_name.startswith("--"):
        text += " Options of pytest come after `--`."
    return text


def _complain(message: str, code: Exit) -> int:
    with suppress(OSError):
        click.echo(f"{_NAME}: {clean(message, LONGEST)}", err=True)
    return code
