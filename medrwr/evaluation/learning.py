"""How the policy learned: the curves of every reward part, and what its queries were driven by, stage by stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from medrwr.evaluation.charts import Chart, Series
from medrwr.evaluation.page import table
from medrwr.evaluation.query_types import QUERY_TYPES

Row = tuple[int, str, float]
"""Step, series, value: a line of a curve's CSV."""
_MOST_SERIES = 4


@dataclass(frozen=True, slots=True)
class QueryRow:
    """What drove the queries of one rung in one cell: shares by type, of `queries` queries."""

    rung: str
    cell: str
    queries: int
    shares: Mapping[str, float]


def learning_charts(title: str, rows: Sequence[Row], *, window: int = 5) -> list[Chart]:
    """One curve file as charts of at most four series each, smoothed by a running mean over `window` steps."""
    names = list(dict.fromkeys(series for _, series, _ in rows))
    groups = [names[start : start + _MOST_SERIES] for start in range(0, len(names), _MOST_SERIES)]
    return [_chart(title, [row for row in rows if row[1] in group], group, window) for group in groups]


def _chart(title: str, rows: Sequence[Row], names: Sequence[str], window: int) -> Chart:
    series = []
    for name in names:
        steps = [(step, value) for step, series_name, value in rows if series_name == name]
        series.append(Series(name, tuple(zip((step for step, _ in steps), _smooth(steps, window), strict=True))))
    values = [y for one in series for _, y in one.points]
    low, high = min(0.0, *values), max(values)
    last = max(step for step, _, _ in rows)
    span = (low, high * 1.25 if high > 0 else low + 1.0)  # room for the legend
    note = f"Running mean over {window} steps." if window > 1 else ""
    return Chart(title, "step", "", tuple(series), note=note, x_range=(0.0, float(last)), y_range=span)


def _smooth(steps: Sequence[tuple[int, float]], window: int) -> list[float]:
    values = [value for _, value in steps]
    return [
        sum(part) / len(part) for end in range(len(values)) for part in [values[max(0, end + 1 - window) : end + 1]]
    ]


def query_table(rows: Sequence[QueryRow]) -> str:
    """The shares as an HTML table."""
    header = ["rung", "cell", "queries", *QUERY_TYPES]
    body = [
        [escape(row.rung), escape(row.cell), str(row.queries), *(f"{row.shares[kind]:.0%}" for kind in QUERY_TYPES)]
        for row in rows
    ]
    return table(header, body)
