"""The paper's main figures beside this evaluation's, row by row, where both have the rung (Table 2, M30)."""

from __future__ import annotations

from medrwr.evaluation.ladder import Ladder
from medrwr.evaluation.results import CELL_LABELS, accuracy_text, measured_cells
from medrwr.evaluation.sections import Section
from pipelines.ablation.grids import TABLE2

_NOTE = (
    "The paper's benchmarks and ours differ, and so do the models: rows can be compared within a column, columns "
    "cannot. Rows that need another training run are made by `medrwr ablate table2`."
)


def paper_section(ladder: Ladder) -> Section:
    """The rows of Table 2 that one run of the pipeline has; the paper's accuracies in per cent."""
    rows = [row for row in TABLE2.rows if not row.overrides]
    benchmarks = list(dict.fromkeys(name for row in rows for name in row.paper))
    cells = measured_cells(ladder)
    header = ("row", *(f"paper: {name}" for name in benchmarks), *(f"ours: {CELL_LABELS[cell]}" for cell in cells))
    body = tuple(
        (
            row.label,
            *(f"{row.paper[name]:.1f}" if name in row.paper else "-" for name in benchmarks),
            *(accuracy_text(ladder.cell(row.rung, cell)).partition(" ")[0] for cell in cells),
        )
        for row in rows
    )
    return Section("The paper's table beside ours", _NOTE, header, body)
