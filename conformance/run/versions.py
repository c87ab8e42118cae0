"""Versions of everything that takes part in a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import temporal_loss
from conformance.subjects import backends

if TYPE_CHECKING:
    from conformance.run.plan import Plan


def versions(plan: Plan) -> dict[str, str]:
    """Return the library's version and that of each backend that runs."""
    found = {"temporal-loss": temporal_loss.__version__}
    for subject in plan.subjects:
        name = getattr(subject, "backend", None)
        if name and name not in found:
            found[name] = backends.load(name).version()
    return found
