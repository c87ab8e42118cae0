"""The last runs of the suite: backends and devices by profiles."""

import matplotlib.pyplot as plt
from matplotlib.patches import Rectangle
from results import FOLDER, kept

from pictures.look import Look

MADE_FROM = tuple(f"results/{path.name}" for path in sorted(FOLDER.glob("*.json")))


def draw(look: Look) -> None:
    """Draw one field per backend, device and profile."""
    rows = [row for results in kept() for row in results.rows]
    names = list(dict.fromkeys(name for results in kept() for name in results.profiles))
    _, axis = plt.subplots(figsize=(6.6, 0.9 + 0.32 * len(rows)))
    for y, row in enumerate(rows):
        for x, name in enumerate(names):
            if name not in row.cells:
                continue
            cell = row.cells[name]
            color = look.second if cell.failed else look.first if cell.passed else look.faint
            whole = cell.passed == cell.total and not cell.failed
            place = (x - 0.46, y - 0.42)
            axis.add_patch(
                Rectangle(place, 0.92, 0.84, color=color, alpha=0.9 if whole else 0.3, linewidth=0)
            )
            if not whole:
                axis.annotate(str(cell), (x, y), ha="center", va="center", fontsize=6.5)
    axis.set(xlim=(-0.5, len(names) - 0.5), ylim=(len(rows) - 0.5, -0.5))
    axis.set_yticks(range(len(rows)), [row.name for row in rows])
    axis.set_xticks(range(len(names)), names, rotation=35, ha="left")
    axis.xaxis.tick_top()
    axis.spines[:].set_visible(False)
    axis.tick_params(length=0)
