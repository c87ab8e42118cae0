"""The options of the command line that are about ports, and what comes of them."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from conformance.exits import UsageError
from conformance.port.limits import Limits

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from conformance.port.subject import PortChoice

_MORE_THAN_0 = click.FloatRange(0, min_open=True)
_ALONE = {"one_shot": "--one-shot", "trace": "--trace"}


def _limit(name: str, default: float, unit: str, text: str) -> Callable[..., Any]:
    # Hidden: the defaults serve nearly everyone, and the help has to fit on a screen.
    return click.option(
        name,
        type=_MORE_THAN_0,
        default=default,
        show_default=True,
        metavar=unit,
        help=f"For --port: {text}",
        hidden=True,
    )


_OPTIONS = (
    click.option(
        "--port", multiple=True, metavar='"COMMAND ARGS"', help="Test this program instead: docs/porting.md."
    ),
    click.option("--one-shot", is_flag=True, help="For --port: start it for every message anew."),
    click.option(
        "--trace",
        type=click.Path(path_type=Path, dir_okay=False, writable=True),
        metavar="FILE",
        help="For --port: keep the dialogue.",
    ),
    _limit("--start-timeout", Limits.start, "S", "seconds to start and shake hands."),
    _limit("--total-timeout", Limits.total, "S", "seconds for the whole run."),
    _limit("--max-line", Limits.line, "MIB", "longest line."),
    _limit("--max-memory", Limits.memory, "MIB", "memory of the port and its children."),
    _limit("--max-processes", Limits.processes, "N", "number of processes it may become."),
)


def port_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options to a command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def ports(options: Mapping[str, Any]) -> tuple[PortChoice, ...]:
    """Shake hands with every port asked for; one choice for each of its devices.

    Raises
    ------
    StartError
        One does not start or does not shake hands.
    UsageError
        An option that belongs to a port without one, or two ports of one name.
    """
    if not options["port"]:
        for name, option in _ALONE.items():
            if options[name]:
                message = f"{option} belongs to --port"
                raise UsageError(message)
        return ()
    # For a quick --help.
    from conformance.port.subject import PortCommand, meet  # noqa: PLC0415

    # The default end of a process leaves no time to end the port.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    trace = ""
    if options["trace"]:
        trace = str(options["trace"].resolve())
        Path(trace).write_bytes(b"")
    limits = Limits(
        case=options["timeout"] or Limits.case,
        start=options["start_timeout"],
        total=options["total_timeout"],
        line=options["max_line"],
        memory=options["max_memory"],
        processes=int(options["max_processes"]),
    )
    found = [
        choice
        for command in options["port"]
        for choice in meet(PortCommand(command, options["one_shot"], limits, trace), options["device"])
    ]
    names = [choice.name for choice in found]
    if len(set(names)) < len(names):
        message = f"two ports call themselves {max(names, key=names.count)}: give each a version of its own"
        raise UsageError(message)
    return tuple(found)
