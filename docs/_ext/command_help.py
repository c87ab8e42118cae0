"""The directive `command-help`: what a command prints for `--help`, asked at build time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from conformance.cli import cli
from temporal_loss.recordings.command import command as examine

if TYPE_CHECKING:
    from sphinx.application import Sphinx


class CommandHelp(SphinxDirective):
    """Show the help of `python -m temporal_loss`, or of the suite or the subcommand in the arguments."""

    optional_arguments = 2

    def run(self) -> list[nodes.Node]:
        """Ask the command itself."""
        if self.arguments == ["temporal_loss"]:
            return self.help_of(examine, "python -m temporal_loss", ["--help"])
        command: click.Command = cli
        for name in self.arguments:
            if not isinstance(command, click.Group) or name not in command.commands:
                message = f"no subcommand {name}"
                raise self.error(message)
            command = command.commands[name]
        path = " ".join(["python -m conformance", *self.arguments])
        return self.help_of(command, path, cli.context_settings["help_option_names"])

    def help_of(self, command: click.Command, path: str, asks: list[str]) -> list[nodes.Node]:
        """Show what the command prints under this name."""
        with click.Context(command, info_name=path, terminal_width=80, help_option_names=asks) as context:
            text = command.get_help(context)
        return [nodes.literal_block(text, text, language="text")]


def setup(app: Sphinx) -> dict[str, bool]:
    """Add the directive."""
    app.add_directive("command-help", CommandHelp)
    return {"parallel_read_safe": True}
