"""Conformance suite of the temporal loss: cases, oracle, subjects, verdicts, reports."""
