"""Time and peak memory against the number of frames, as last measured."""

from pathlib import Path

import matplotlib.pyplot as plt

from benchmarks import plot
from benchmarks.results import Results
from pictures.look import Look

MADE_FROM = ("../benchmarks/results/cpu.json", "../benchmarks/plot.py")
_RESULTS = Path(__file__).parents[2] / "benchmarks" / "results" / "cpu.json"


def draw(look: Look) -> None:
    """Draw what the benchmarks draw, in the colours of a page."""
    figure = plt.figure(figsize=(6.6, 7.8))
    plot.fill(figure, Results.read(_RESULTS).points, ink=look.ink)
