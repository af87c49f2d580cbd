"""Rows for the plots of DVC and Dagster: CSV files whose first column of numbers is the x axis."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from medrwr.calibration.reliability import Reliability
from medrwr.calibration.selective import RiskCoverage
from medrwr.records import write_text_atomic

Point = TypeVar("Point")
_SHOWN = 400  # points of a curve that a plot needs at most


def write_csv(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    """Write rows under the keys of the first; numbers to six significant digits, None as nothing. No rows: empty."""
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


def reliability_rows(before: Reliability, after: Reliability) -> list[dict[str, object]]:
    """Accuracy and share of the answers in each bin of confidence, before and after calibration."""
    return [
        {
            "bin": (first.lower + first.upper) / 2,
            "accuracy_before": first.accuracy,
            "accuracy_after": second.accuracy,
            "share_before": first.count / before.answers,
            "share_after": second.count / after.answers,
        }
        for first, second in zip(before.bins, after.bins, strict=True)
    ]


def risk_coverage_rows(curve: RiskCoverage) -> list[dict[str, object]]:
    """Risk, and the confidence that it takes to be answered, over coverage."""
    return [
        {"coverage": point.coverage, "risk": point.risk, "confidence": point.threshold}
        for point in thinned(curve.points)
    ]


def _short(value: object) -> object:
    return f"{value:.6g}" if isinstance(value, float) else value
