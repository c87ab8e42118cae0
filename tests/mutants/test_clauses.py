"""Every clause has a wrong implementation that a case of this clause kills."""

from __future__ import annotations

import pytest

from conformance import suite
from conformance.clauses import CLAUSES
from mutants.registry import mutants


@pytest.mark.parametrize("clause", CLAUSES)
def test_clause_kills(clause: str) -> None:
    of_clause = {case.id for case in suite.load_cases() if clause in case.clauses}
    assert [m.id for m in mutants() if m.case in of_clause]
