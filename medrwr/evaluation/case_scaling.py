"""Accuracy against the number of similar cases that a second look is given (M26): a table and a curve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from medrwr.evaluation.charts import Chart, Series
from medrwr.evaluation.sections import Section
from medrwr.evaluation.statistics import Interval

_TITLE = "Accuracy by the number of similar cases"
_NOTE = (
    "A sample of image questions, all asked again with so many similar cases, whatever their confidence; which answer "
    "counts is as calibrated. 0 is without re-retrieval."
)


@dataclass(frozen=True, slots=True)
class CaseScaling:
    """One number of similar cases: how many of the questions were asked again, and what was then right."""

    k: int
    asked_again: int
    accuracy: Interval


def scaling_section(rows: Sequence[CaseScaling]) -> Section:
    """The table."""
    body = tuple(
        (
            str(one.k),
            str(one.accuracy.questions),
            str(one.asked_again),
            f"{one.accuracy.estimate:.1%} [{100 * one.accuracy.lower:.1f}, {100 * one.accuracy.upper:.1f}]",
        )
        for one in rows
    )
    return Section(_TITLE, _NOTE, ("similar cases", "questions", "asked again", "accuracy"), body)


def scaling_charts(rows: Sequence[CaseScaling]) -> tuple[Chart, ...]:
    """The curve; none where there are no rows."""
    if not rows:
        return ()
    points = tuple((float(one.k), one.accuracy.estimate) for one in rows)
    most = float(max(one.k for one in rows)) or 1.0
    return (Chart(_TITLE, "similar cases", "accuracy", (Series("CDIR", points, "dots"),), x_range=(0.0, most)),)
