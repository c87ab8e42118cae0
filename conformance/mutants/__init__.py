"""Mutants: the wrong implementations that people write, each as one replaced rule of the oracle.

Every case lists those it kills, and a port's wrong answer can be named by the mutant that gives
exactly it.
"""

from conformance.mutants.registry import Mutant, killed, kills, mutants, wrong_answer

__all__ = ["Mutant", "killed", "kills", "mutants", "wrong_answer"]
