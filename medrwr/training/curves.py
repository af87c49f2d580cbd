"""Training curves: the trainer's log as tidy rows, free of times, so that the same seed gives the same bytes.

The log is part of every checkpoint, so a run that was resumed has the curve of one that was not.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from medrwr.records import write_text_atomic

History = Sequence[Mapping[str, float]]


def curve(history: History, names: Mapping[str, str]) -> list[tuple[int, str, float]]:
    """Rows (step, series, value) of the logged names, in the order of steps and of `names` (logged name -> series)."""
    rows: list[tuple[int, str, float]] = []
    for entry in history:
        for logged, series in names.items():
            value = entry.get(logged)
            if value is not None and math.isfinite(value):
                rows.append((int(entry["step"]), series, float(value)))
    return rows


def write_curve(path: Path, rows: Sequence[tuple[int, str, float]]) -> Path:
    """Write rows as CSV with the header `step,series,value`, values to six significant digits."""
    lines = [f"{step},{series},{value:.6g}\n" for step, series, value in rows]
    write_text_atomic(path, "step,series,value\n" + "".join(lines))
    return path


def last_mean(history: History, name: str, *, steps: int) -> float:
    """Mean of a logged name over its last `steps` entries; NaN when it was never logged."""
    values = [float(entry[name]) for entry in history if entry.get(name) is not None][-steps:]
    return sum(values) / len(values) if values else math.nan
