"""Wrong answers by kind, and the queries behind them by type, as HTML and Markdown tables (M32)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from medrwr.evaluation.page import table
from medrwr.evaluation.results import CELL_LABELS
from medrwr.evaluation.taxonomy import FailureRow

FAILURE_NOTE = (
    "Rules over the stored trajectory, the first that fits. No answer: no letter could be read. Integration: a passage "
    "or a similar case named the right option. Perceptual: what the reference saw in the image was never said. No "
    "query: nothing was looked up. Retrieval: nothing that came back named the right option. The last columns count "
    "the queries of the wrong answers by type."
)


def failure_html(rows: Sequence[FailureRow], labels: Mapping[str, str]) -> str:
    """The table for the page; `labels` are the rungs' names for people."""
    cells = [[escape(cell) for cell in row] for row in _rows(rows, labels)]
    return table(_header(rows), cells)


def failure_markdown(rows: Sequence[FailureRow], labels: Mapping[str, str]) -> str:
    """The table for Markdown."""
    header = _header(rows)
    lines = [header, ["---"] * len(header), *_rows(rows, labels)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _header(rows: Sequence[FailureRow]) -> list[str]:
    first = rows[0]
    return ["rung", "cell", "answers", "wrong", *first.kinds, *first.queries]


def _rows(rows: Sequence[FailureRow], labels: Mapping[str, str]) -> list[list[str]]:
    return [
        [
            labels[row.rung],
            CELL_LABELS.get(row.cell, row.cell),
            *(str(count) for count in (row.answers, row.wrong, *row.kinds.values(), *row.queries.values())),
        ]
        for row in rows
    ]
