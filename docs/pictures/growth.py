"""Time and peak memory against the number of frames, as last measured."""

import json
from pathlib import Path
from types import SimpleNamespace

import matplotlib.pyplot as plt

from benchmarks import plot
from pictures.look import Look

MADE_FROM = ("../benchmarks/results/cpu.json", "../benchmarks/plot.py")
_RESULTS = Path(__file__).parents[2] / "benchmarks" / "results" / "cpu.json"


def draw(look: Look) -> None:
    """Draw what the benchmarks draw, in the colours of a page."""
    points = json.loads(_RESULTS.read_text(encoding="utf-8"))["points"]
    figure = plt.figure(figsize=(6.6, 7.8))
    plot.fill(figure, [SimpleNamespace(**point) for point in points], ink=look.ink)
