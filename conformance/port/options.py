"""The options of the command line that are about ports, and what comes of them."""

from __future__ import annotations

import math
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

import click

from conformance import options as files
from conformance.exits import UsageError
from conformance.port.limits import Limits

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from conformance.port.subject import PortChoice


class _Positive(click.FloatRange):
    """A finite number above 0: NaN or infinity would switch a limit off."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read it."""
        try:
            number = super().convert(value, param, ctx)
        except click.BadParameter:
            self.fail(f"expected a number above 0, got {value!r}.", param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value} is no limit.", param, ctx)
        return number


POSITIVE = _Positive(0, min_open=True)


def _limit(name: str, field: str, unit: str, text: str) -> Callable[..., Any]:
    # Hidden: the defaults serve nearly everyone, and the help has to fit on a screen.
    text = f"For --port and --subject: {text}"
    return click.option(name, field, type=POSITIVE, metavar=unit, help=text, hidden=True)


_OPTIONS = (
    click.option(
        "--port", multiple=True, metavar='"COMMAND ARGS"', help="Test this program instead: docs/porting.md."
    ),
    click.option("--one-shot", is_flag=True, help="For --port: start it for every message anew."),
    files.written("--trace", "For --port, --subject: keep the dialogue."),
    _limit("--start-timeout", "start", "S", "seconds to start and shake hands."),
    _limit("--total-timeout", "total", "S", "seconds for the whole run."),
    _limit("--max-line", "line", "MIB", "longest line."),
    _limit("--max-memory", "memory", "MIB", "memory of the port and its children."),
    _limit("--max-processes", "processes", "N", "number of processes it may become."),
)


def port_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options to a command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def limits(options: Mapping[str, Any], usual: Limits) -> Limits:
    """Return the limits asked for, and the usual ones where none is."""
    asked = {field.name: options[field.name] for field in fields(Limits) if field.name in options}
    # `--case` is an option of its own.
    asked["case"] = options["timeout"]
    given = {name: type(getattr(usual, name))(number) for name, number in asked.items() if number is not None}
    return replace(usual, **given)


def trace(options: Mapping[str, Any]) -> str:
    """Begin the file that keeps the dialogue anew; empty for none.

    Raises
    ------
    UsageError
        There is nobody to have a dialogue with.
    """
    if not options["trace"]:
        return ""
    if not (options["port"] or options["subject"]):
        message = "--trace belongs to --port and --subject"
        raise UsageError(message)
    path: Path = options["trace"].resolve()
    path.write_bytes(b"")
    return str(path)


def ports(options: Mapping[str, Any], kept: str) -> tuple[PortChoice, ...]:
    """Shake hands with every port asked for; one choice for each of its devices. `kept` is their trace.

    Raises
    ------
    StartError
        One does not start or does not shake hands.
    UsageError
        An option that belongs to a port without one, or two ports of one name.
    """
    if not options["port"]:
        if options["one_shot"]:
            message = "--one-shot belongs to --port"
            raise UsageError(message)
        return ()
    # For a quick --help.
    from conformance.port.subject import PortCommand, meet  # noqa: PLC0415

    bounds = limits(options, Limits())
    found = [
        choice
        for command in options["port"]
        for choice in meet(PortCommand(command, options["one_shot"], bounds, kept), options["device"])
    ]
    names = [choice.name for choice in found]
    if len(set(names)) < len(names):
        message = f"two ports call themselves {max(names, key=names.count)}: give each a version of its own"
        raise UsageError(message)
    return tuple(found)
