"""`python -m conformance`, and the command `temporal-loss-conformance`."""

import sys
from importlib.util import find_spec


def main() -> int:
    """Run the command line; where a package is missing that it needs, one line says what to install."""
    try:
        from conformance.cli import main as run  # noqa: PLC0415 - it imports what may be missing
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing in {"", "conformance"}:
            raise
    else:
        # A run imports it when its cases start.
        missing = "" if find_spec("hypothesis") else "hypothesis"
        if not missing:
            return run()
    sys.stderr.write(
        f"python -m conformance: needs {missing}, which temporal-loss-conformance brings: "
        "pip install temporal-loss-conformance (in a clone: pip install . ./conformance)\n"
    )
    return 2


if __name__ == "__main__":
    sys.exit(main())
