"""A grid as Markdown, as JSON and as a page: the paper's rows beside ours."""

from __future__ import annotations

from dataclasses import asdict
from html import escape
from typing import Any

from medrwr.evaluation.charts import Whisker, render_whiskers
from medrwr.evaluation.page import page, table
from medrwr.evaluation.results import CELL_LABELS, p_text
from pipelines.ablation.grid import Row
from pipelines.ablation.results import Measured, Results


def markdown(results: Results) -> str:
    """One table, and what its numbers are."""
    header, rows = table_of(results)
    lines = [f"## {results.grid.title}", "", f"| {' | '.join(header)} |", f"|{' --- |' * len(header)}"]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([*lines, "", *notes_of(results), ""])


def as_json(results: Results) -> dict[str, Any]:
    """All numbers; differences are shares, row minus reference."""
    return {
        "grid": results.grid.name,
        "reference": results.grid.reference,
        "seeds": list(results.seeds),
        "changes": [asdict(change) for change in results.changes],
        "scores": [asdict(criterion) for criterion in results.scores],
        "rows": [
            {
                "name": row.name,
                "label": row.label,
                "overrides": dict(row.overrides),
                "rung": row.rung,
                "paper": dict(row.paper),
                "cells": {cell: asdict(one) for cell, one in results.cells.get(row.name, {}).items()},
            }
            for row in results.grid.rows
        ],
    }


def html(results: Results) -> str:
    """A self-contained page with the table and one interval plot a cell."""
    header, rows = table_of(results)
    plots = "".join(_plot(results, cell) for cell in results.measured_cells)
    notes = "".join(f"<li>{escape(note)}</li>" for note in notes_of(results) if note)
    body = [
        f"<h1>{escape(results.grid.title)}</h1>",
        table(header, [[escape(value) for value in row] for row in rows]),
        f'<div class="grid">{plots}</div>',
        f"<ul>{notes}</ul>",
    ]
    return page(results.grid.title, body)


def table_of(results: Results) -> tuple[list[str], list[list[str]]]:
    """Headings, and a line for each row of the grid."""
    cells = results.measured_cells
    benchmarks = list(dict.fromkeys(name for row in results.grid.rows for name in row.paper))
    header = ["row", *(f"paper: {name}" for name in benchmarks), *(CELL_LABELS[cell] for cell in cells)]
    return header, [_line(results, row, benchmarks, cells) for row in results.grid.rows]


def _line(results: Results, row: Row, benchmarks: list[str], cells: list[str]) -> list[str]:
    published = [f"{row.paper[name]:.1f}" if name in row.paper else "-" for name in benchmarks]
    measured = results.cells.get(row.name)
    if measured is None:
        return [row.label, *published, *("not run yet" for _ in cells)]
    return [row.label, *published, *(_cell(measured.get(cell)) for cell in cells)]


def _cell(one: Measured | None) -> str:
    if one is None:
        return "-"
    interval = one.accuracy
    text = f"{100 * interval.estimate:.1f} [{100 * interval.lower:.1f}, {100 * interval.upper:.1f}]"
    if one.difference is None or one.adjusted_p is None:
        return text
    gain = one.difference.interval
    bounds = f"[{100 * gain.lower:+.1f}, {100 * gain.upper:+.1f}]"
    return f"{text}; {100 * gain.estimate:+.1f} {bounds}, p {p_text(one.adjusted_p)}"


def notes_of(results: Results) -> list[str]:
    """What the numbers are."""
    grid = results.grid
    reference = next(row.label for row in grid.rows if row.name == grid.reference)
    seeds = ", ".join(map(str, results.seeds))
    measured = (
        f"Accuracy in per cent with its interval over facts; then the difference to '{reference}' on the same "
        f"questions, and McNemar's exact p, corrected by Holm over the rows. Seeds pooled: {seeds}."
    )
    return [
        measured,
        "The paper's figures are of other benchmarks, models and data: compare directions, not numbers.",
        *([grid.note] if grid.note else []),
        *(change.text for change in results.changes),
        *(criterion.text for criterion in results.scores),
    ]


def _plot(results: Results, cell: str) -> str:
    rows = [
        Whisker(row.label, one.accuracy.estimate, one.accuracy.lower, one.accuracy.upper)
        for row in results.grid.rows
        if (one := results.cells.get(row.name, {}).get(cell))
    ]
    drawn = render_whiskers(f"{results.grid.title}, {CELL_LABELS[cell]}", rows)
    return f'<div class="card"><h3>{CELL_LABELS[cell]}</h3>{drawn}</div>'
