"""Rows for DVC's plots: tidy CSV files, the same bytes for the same numbers."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from medrwr.records import write_text_atomic

Point = TypeVar("Point")
_SHOWN = 400  # points of a curve that a plot needs at most


def write_csv(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    """Write rows under the keys of the first; numbers to six significant digits. No rows: an empty file."""
    text = io.StringIO()
    if rows:
        writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: _short(value) for name, value in row.items()} for row in rows)
    write_text_atomic(path, text.getvalue())


def thinned(points: Sequence[Point]) -> list[Point]:
    """At most 400 of the points, evenly chosen, the first and the last among them."""
    if len(points) <= _SHOWN:
        return list(points)
    return [points[round(place * (len(points) - 1) / (_SHOWN - 1))] for place in range(_SHOWN)]


def _short(value: object) -> object:
    return f"{value:.6g}" if isinstance(value, float) else value
