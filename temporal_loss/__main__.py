"""`python -m temporal_loss FILE`: the worst frames of a recording."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from temporal_loss.recordings.recording import reason

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; every error of the user is one line, and exit code 2."""
    try:
        import click  # noqa: PLC0415 - of an extra, as all that the command imports

        from temporal_loss.recordings.command import command  # noqa: PLC0415
    except ImportError as error:
        return _complain(reason(error))
    try:
        command.main(arguments, prog_name="python -m temporal_loss", standalone_mode=False)
    except click.ClickException as error:
        # What is wrong with a value is said in full; for the rest there is the help.
        message = error.format_message()
        if isinstance(error, click.UsageError) and type(error) is not click.BadParameter:
            message = f"{message.rstrip('.')}. Try --help."
        return _complain(message)
    except click.Abort:
        return _complain("interrupted")
    except (ImportError, ValueError) as error:
        return _complain(reason(error))
    return 0


def _complain(message: str) -> int:
    sys.stderr.write(f"python -m temporal_loss: {message}\n")
    return 2


if __name__ == "__main__":
    sys.exit(main())
