"""What `cases check` finds wrong with the case files."""

from __future__ import annotations

from collections import Counter

from conformance import features, profiles, suite
from conformance.clauses import CLAUSES
from conformance.oracle import refusals


def problems() -> list[str]:
    """Return one line per problem: ids given twice, clauses without cases and the other way round."""
    cases = suite.load_cases()
    found = [f"{name}: {n} cases have this id" for name, n in Counter(c.id for c in cases).items() if n > 1]
    used = {clause for case in cases for clause in case.clauses}
    found += [f"{clause}: no case for this clause" for clause in CLAUSES if clause not in used]
    everywhere = profiles.Place("elsewhere", "traced")
    for case in cases:
        unknown = [c for c in case.clauses if c not in CLAUSES]
        found += [f"{case.id}: unknown clause {c}" for c in unknown]
        if not case.clauses:
            found.append(f"{case.id}: belongs to no clause")
        if bool(case.expected) == (case.error is not None):
            found.append(f"{case.id}: takes either expected outputs or an error")
        if not profiles.profiles_of(case, everywhere):
            found.append(f"{case.id}: belongs to no profile")
    for kind, pairs in features.missing(case.request for case in cases if case.error is None).items():
        found += [f"{kind}: no case has {' '.join(one)} with {' '.join(other)}" for one, other in pairs]
    return found + refusals.unasked(case.request for case in cases)
