"""Wrong implementations people write, each as one replaced rule of the oracle.

Every case names those it tells from the truth, and a port's wrong answer can be named by the
mistake that gives exactly it.
"""

from conformance.mistakes.registry import Mistake, killed, mistakes, tells, wrong_answer

__all__ = ["Mistake", "killed", "mistakes", "tells", "wrong_answer"]
