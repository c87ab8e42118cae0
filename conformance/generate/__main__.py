"""`python -m conformance.generate`: write the cases; `--check`: only compare."""

from __future__ import annotations

import click

from conformance import casefiles
from conformance.generate import check, write


@click.command(help="Write the case files, or compare them with what would be written.")
@click.option(
    "--check",
    "only_check",
    is_flag=True,
    help="Write nothing; exit 1 where a file differs or a pair of features has no case.",
)
def main(*, only_check: bool) -> None:
    """Run the generator."""
    try:
        if only_check:
            lines = [f"differs: {path.name}" for path in check()] + casefiles.problems()
        else:
            changed, gone = write()
            lines = [f"wrote: {path.name}" for path in changed] + [f"removed: {path.name}" for path in gone]
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    click.echo("\n".join(lines or ["all case files are as generated"]))
    if only_check and lines:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
