"""Another Python that runs a module of this package."""

from __future__ import annotations

import sys


def command(module: str, *arguments: str) -> list[str]:
    """Return the command that ends with what `main` of the module returns for the arguments.

    It finds modules where this process finds them, whatever the environment says.
    """
    start = f"from {module} import main; sys.exit(main(sys.argv[1:]))"
    return [sys.executable, "-c", f"import sys; sys.path[:] = {sys.path!r}; {start}", *arguments]
