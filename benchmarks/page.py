"""docs/benchmarks.md, written from the results files."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING

import jinja2

from benchmarks.results import Results
from benchmarks.table import COLUMNS, cells, groups, summary

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from benchmarks.rows import Point

_HEADLINE = re.compile(r"(?<=<!-- benchmarks -->\n).*?(?=<!-- end of benchmarks -->)", re.DOTALL)
NO_DEVICE = "No CUDA device was at hand: nothing on this page was measured on a GPU."

_ALT = (
    "Two charts over {first:,} to {last:,} frames, a line for each backend, all axes logarithmic. Above, "
    "seconds of a call: flat lines for few frames, then straight ones that rise with the frames, all "
    "above that of reading the inputs. Below, MiB above the inputs: NumPy and torch eager stay flat "
    "from 10,000 frames on, the others rise."
)

_TEMPLATE = """\
# Benchmarks

Written by `python -m benchmarks` (or `nox -s bench`); do not edit. Every line compares calls that took
turns in one run. A ratio is one median time over another, in brackets behind it; below 1 the library is the
quicker one. Inputs are float32 random walks with confidences and one epsilon per keypoint, unless a line
says otherwise. How to read and repeat it: [below](#how-it-is-measured).
{% for results in all_results %}
## {{ results.title }}

{{ ([summary(results.rows)] + notes(results)) | join(" ") }}

{{ where(results.machine) }}
{% for group, rows in groups(results.rows) %}
### {{ group }}

| {{ columns | join(" | ") }} |
|{{ "---|" * (columns | length) }}
{% for row in rows -%}
| {{ cells(row) | map("replace", "|", "\\\\|") | join(" | ") }} |
{% endfor -%}
{% endfor %}
{%- if results.points %}
### Growth

```{picture} growth
:alt: {{ alt(results.points) }}
```

[The same picture as a file]({{ plot }})
{% endif %}
{%- endfor %}
{%- if not has_cuda %}
## CUDA

{{ no_device }}
{% endif %}
## How it is measured

- `nox -s bench` repeats the first part, in some 13 minutes once its packages are there.
  `nox -s bench -- --quick` is a smaller form of 3; `--only origin` instead measures one group, and `--help`
  names them. Do it on a quiet machine: where others use the cores, threads wait for each other and ratios
  mean little. `--clock cpu` then compares one thread of each, for which the targets were not made.
- `python -m benchmarks.scale_dask` and `python -m benchmarks.scale_jax` repeat the others.
- torch and JAX have a thread for each core, NumPy has one.
- `benchmarks/interleave.py` lets the contenders take turns, in an order shuffled each round, with pyperf's
  clock, and reports medians. The quartiles of the ratio round by round are in the JSON files beside the
  samples, which `python -m pyperf stats` reads.
- "Reading the inputs" is NumPy's sum of the keypoints plus its sum of the confidences: nothing that looks
  at every number can be much quicker.
- "By hand" is the bare arithmetic with every clause kept, and no checks: `benchmarks/by_hand.py`.
- "JAX eager" is a call outside `jax.jit`. The library's loss then compiles itself and the arithmetic by hand
  does not, so what is added can be less than nothing.
- The origin is the class of the installed lightning-pose, called as its training loop calls it.
- Peak memory is what memray sees allocated during a call, in a fresh process, the inputs being files mapped
  into memory. From that of value and gradient the gradient itself is taken off: it is what was asked for.
- The plain formula is the mean of `torch.linalg.vector_norm(torch.diff(x.reshape(T, K, 2), dim=0), dim=-1)`.
  It knows no mask and no epsilon, and the library gets none there either.
- A trick is code that is there for its speed alone. Its row times the library as it is, and with what is
  simple in its place, switched while it runs: `benchmarks/tricks.py`. The target is a gain of three
  hundredths, since equal calls differ by less than one. A trick that misses it is no longer needed and goes.
"""


def write(folder: Path, plot: str, path: Path) -> None:
    """Write the page from all results files of a folder."""
    files = sorted(folder.glob("*.json"), key=lambda file: (file.stem != "cpu", file.stem))
    everything = [Results.read(file) for file in files if not file.stem.endswith("-samples")]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(render(everything, plot))


def headline(results: Results) -> str:
    """Say what matters most of a run, for the README."""

    def found(what: str, size: str, against: str = "") -> str:
        row = next(
            r for r in results.rows if (r.what, r.size) == (what, size) and r.against.startswith(against)
        )
        return f"{row.value:.2g}"

    origin, reading = "lightning-pose", "reading"
    few, many, long = "T=96 K=17", "T=100,000 K=20", "T=1,000,000 K=20"
    memory = found('NumPy, float32, "mean"', "T=10,000,000 K=20")
    both = "forward and backward"
    parts = [
        f"torch takes {found('forward', few, origin)} of the time of lightning-pose's class at 96 frames of",
        f"17 keypoints and {found('forward', many, origin)} at 100,000 of 20",
        f"({found(both, few, origin)} and {found(both, many, origin)} with gradients).",
        f"At 1,000,000 frames NumPy takes {found('NumPy', long, reading)} times as long as reading the",
        f"inputs once, and `jax.jit` {found('jax.jit', long, reading)} times;",
        f"at 10,000,000 NumPy needs {memory} MiB beside them.",
        f"Measured on {results.machine['date']} with {results.machine['cores']} cores.",
    ]
    return textwrap.fill(" ".join(parts), 120) + "\n"


def with_headline(readme: str, results: Results) -> str:
    """Return the README with the headline of a run."""
    return _HEADLINE.sub(lambda _: headline(results), readme)


def render(all_results: Sequence[Results], plot: str) -> str:
    """Text of the page."""
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - Markdown
    )
    return environment.from_string(_TEMPLATE).render(
        all_results=all_results, plot=plot, alt=_alt,
        columns=COLUMNS, cells=cells, groups=groups, summary=summary, notes=notes,
        where=_where, no_device=NO_DEVICE,
        has_cuda=any(results.machine["device"] != "cpu" for results in all_results),
    )  # fmt: skip


def _alt(points: Sequence[Point]) -> str:
    frames = [point.frames for point in points]
    return _ALT.format(first=min(frames), last=max(frames))


def notes(results: Results) -> list[str]:
    """Say what is to be known of a run before its numbers are believed."""
    found = []
    if results.quick:
        found.append("A quick run, with few repetitions and smaller sizes: a first impression, no verdict.")
    if results.clock == "cpu":
        found.append("Processor time of one thread, for which the targets were not made.")
    if results.machine["busy"]:
        found.append("The machine was busy at the start: these numbers may mean little, ratios included.")
    if results.machine["device"] == "no CUDA device":
        found.append(NO_DEVICE)
    return found


def _where(machine: dict[str, object]) -> str:
    versions = machine["versions"]
    packages = ", ".join(f"{name} {version}" for name, version in dict(versions).items())  # type: ignore[call-overload]
    device = "" if machine["device"] == "cpu" else f"{machine['device']}, "
    return (
        f"Measured on {machine['date']}: {device}{machine['processor']}, {machine['cores']} cores, "
        f"{machine['memory_gib']} GiB, {machine['system']}, Python {machine['python']}; {packages}."
    )
