"""Options that more than one command takes."""

from __future__ import annotations

import os
import shlex
import sys
from contextlib import suppress
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from conformance.exits import Exit, UsageError
from conformance.fresh import MOST

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def _words(_ctx: click.Context, parameter: click.Parameter, value: Sequence[str]) -> tuple[str, ...]:
    words = tuple(word for text in value for word in text.split(","))
    if "" in words:
        # What an unset variable of the shell leaves would select everything.
        message = f"{parameter.opts[0]} {','.join(value)!r}: a name is empty, expected {parameter.metavar}"
        raise UsageError(message)
    return words


def listed(name: str, text: str, metavar: str) -> Decorator:
    """Take an option that may be given several times, or once with commas."""
    return click.option(name, multiple=True, callback=_words, metavar=metavar, help=text)


def _named(ctx: click.Context, parameter: click.Parameter, value: str) -> str:
    """Refuse an empty name, where one was given."""
    if not value and ctx.get_parameter_source(parameter.name or "") is ParameterSource.COMMANDLINE:
        message = f"{parameter.opts[0]} {value!r}: the name is empty, expected {parameter.metavar}"
        raise UsageError(message)
    return value


def one(name: str, default: str, metavar: str, text: str) -> Decorator:
    """Take an option that is one name."""
    return click.option(name, default=default, callback=_named, metavar=metavar, help=text)


class Whole(click.IntRange):
    """An integer in a range, which errors tell."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read it."""
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter:
            most = "" if self.max is None else f" and at most {self.max}"
            self.fail(f"expected an integer of at least {self.min}{most}, got {value!r}.", param, ctx)


class Group(click.Group):
    """Commands of which one has to be named."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Show them if none is: click's own error has many lines, and ours one."""
        if not args:
            click.echo(ctx.get_help(), err=True)
            ctx.exit(Exit.USAGE)
        return super().parse_args(ctx, args)


_READ = click.Path(path_type=Path, dir_okay=False, exists=True)
_WRITTEN = click.Path(path_type=Path, dir_okay=False)


def _apart(ctx: click.Context, parameter: click.Parameter, path: Path | None) -> Path | None:
    """Refuse to write a file that the command also reads, or writes something else to."""
    for other in ctx.command.params:
        there = ctx.params.get(other.name or "")  # not there yet, if it is parsed later
        if path is None or not isinstance(there, Path) or _WRITTEN not in {parameter.type, other.type}:
            continue
        if other is not parameter and _same(path, there):
            both = " and ".join(f"{_name(p)} {f}" for p, f in ((parameter, path), (other, there)))
            message = f"{both} are the same file: what is written takes a file of its own"
            raise UsageError(message)
    return path


def _same(one: Path, other: Path) -> bool:
    if one.exists() and other.exists():
        # What goes to /dev/null or a pipe overwrites nothing.
        return one.is_file() and one.samefile(other)
    return os.path.realpath(one) == os.path.realpath(other)


def keep_code(ctx: click.Context) -> None:
    """Refuse to write over a program or module that is tested."""
    code: list[Path] = []
    for command in ctx.params["port"]:
        # Quotes that do not match are told where the command is run.
        with suppress(ValueError):
            code += map(Path, shlex.split(command))
    for name in (ctx.params["subject"], *ctx.params["backend"]):
        module, _, what = name.partition(":")
        if module and what:
            code += [Path(folder, *module.split(".")).with_suffix(".py") for folder in sys.path]
    for parameter in ctx.command.params:
        path = ctx.params.get(parameter.name or "")
        if parameter.type is _WRITTEN and path and any(each.exists() and _same(path, each) for each in code):
            message = f"{_name(parameter)} {path} is part of what is tested: name another file"
            raise UsageError(message)


def _name(parameter: click.Parameter) -> str:
    return parameter.opts[0] if isinstance(parameter, click.Option) else parameter.human_readable_name


def _writable(ctx: click.Context, parameter: click.Parameter, path: Path | None) -> Path | None:
    """Refuse a file that could not be written, before a run and not after it."""
    if path is not None:
        if path == Path():
            message = f"{parameter.opts[0]} '': the name is empty, expected {parameter.metavar}"
            raise UsageError(message)
        folder = path.absolute().parent
        if not folder.is_dir():
            message = f"{parameter.opts[0]} {path}: there is no folder {folder}"
            raise UsageError(message)
        if not os.access(path if path.exists() else folder, os.W_OK):
            message = f"{parameter.opts[0]} {path}: may not be written"
            raise UsageError(message)
    return _apart(ctx, parameter, path)


def written(name: str, text: str) -> Decorator:
    """Take the path of a file to write."""
    return click.option(name, type=_WRITTEN, callback=_writable, metavar="FILE", help=text)


def file(name: str, text: str) -> Decorator:
    """Take the path of a file to read."""
    return click.option(name, type=_READ, callback=_apart, metavar="FILE", help=text)


def existing(name: str) -> Decorator:
    """Take the path of a file to read as an argument."""
    return click.argument(name, type=_READ, callback=_apart)


def _all(*options: Decorator) -> Decorator:
    return lambda command: reduce(lambda inner, option: option(inner), reversed(options), command)


def examples(*lines: str) -> str:
    """Show commands at the end of a command's help."""
    commands = [f"  python -m conformance {line}" for line in lines]
    return "\n".join(["\b", "Example:" if len(lines) == 1 else "Examples:", *commands])


case = listed("--case", "Only these cases, by id.", "IDS")
fresh = _all(
    click.option("--fresh", type=Whole(0, MOST), metavar="N", help="Draw N more cases: 100; 0 for none."),
    click.option("--seed", type=Whole(0), metavar="S", help="Draw these again, not others."),
)
fresh_again = _all(
    click.option("--fresh", type=Whole(0, MOST), metavar="N", help="N drawn cases more."),
    click.option("--seed", type=Whole(0), metavar="S", help="What they are drawn from."),
)
deviations = file("--deviations", "Known failures (TOML or JSON).")
pages = _all(
    written("--markdown", "Write a Markdown report."),
    written("--html", "Write an HTML report, all in one file."),
)
reports = _all(
    written("--jsonl", "Write a JSON lines report."), pages, written("--junit", "Write JUnit XML.")
)
requests = _all(
    listed("--op", "Only requests of these operations.", "NAMES"),
    listed("--dtype", "Only requests whose floating arrays are of these dtypes.", "NAMES"),
)
