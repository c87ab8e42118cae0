"""The picture that the how-to on recordings draws with ten lines of its own."""

import matplotlib.pyplot as plt

from pictures import page
from pictures.look import Look

MADE_FROM = ("howto/recordings.md",)


def draw(_: Look) -> None:
    """Run the page; its figure is the one shown."""
    names = page.run(*MADE_FROM, until="figure")
    plt.figure(names["figure"].number).set_size_inches(6.2, 3.2)
