"""How far the results of every two subjects are apart, without regard to the oracle."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from itertools import combinations
from typing import IO, TYPE_CHECKING

from conformance import bits
from conformance.distance import farthest, ordinals
from conformance.results import Pair

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from conformance.model import Case, Outputs

    _Holders = dict[tuple[str, bytes], list[str]]


class Store:
    """Results of all subjects on disk, where the processes of one run share them.

    Only outputs of the right dtype and shape are kept: what can be compared. Each process has one
    file, of records of a line of JSON and the bytes it announces.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stream: IO[bytes] | None = None

    def keep(self, subject: str, case: Case, answer: Outputs) -> None:
        """Keep the outputs of one subject for one case."""
        if self._stream is None:
            self._stream = self._folder.joinpath(str(os.getpid())).open("ab")
        for name, due in case.expected.items():
            got = answer.arrays.get(name)
            if got is None or (got.dtype, got.shape) != (due.array.dtype, due.array.shape):
                continue
            body = bits.pack(got.values, got.dtype)
            head = [subject, case.id, name, got.dtype, len(body)]
            self._stream.write(json.dumps(head).encode() + b"\n" + body)
        self._stream.flush()

    def close(self) -> None:
        """Close this process's file."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def pairs(self) -> list[Pair]:
        """Compare every two subjects over everything they both computed."""
        worst: dict[tuple[str, str], tuple[float, str]] = {}
        counts: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
        for (case, _), holders in sorted(self._read().items()):
            for one, other, ulp in _distances(holders):
                key = (one, other)
                counts[key][0] += ulp == 0
                counts[key][1] += 1
                if key not in worst or ulp > worst[key][0]:
                    worst[key] = (ulp, case)
        return [Pair(*key, *worst[key], *counts[key]) for key in sorted(worst)]

    def _read(self) -> dict[tuple[str, str], _Holders]:
        # Many subjects agree to the bit, so each distinct result is kept once, with its holders.
        found: dict[tuple[str, str], _Holders] = {}
        for file in sorted(self._folder.iterdir()):
            with file.open("rb") as stream:
                while line := stream.readline():
                    subject, case, output, dtype, length = json.loads(line)
                    result = (dtype, stream.read(length))
                    found.setdefault((case, output), {}).setdefault(result, []).append(subject)
        return found


def _distances(holders: _Holders) -> Iterable[tuple[str, str, float]]:
    placed = [(names, ordinals(body, dtype)) for (dtype, body), names in holders.items()]
    for names, _ in placed:
        yield from ((min(a, b), max(a, b), 0.0) for a, b in combinations(names, 2))
    for (names, places), (others, elsewhere) in combinations(placed, 2):
        ulp = farthest(places, elsewhere)
        yield from ((min(a, b), max(a, b), ulp) for a in names for b in others)
