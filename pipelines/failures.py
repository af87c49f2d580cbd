"""Wrong answers by kind (M32): of every rung and cell, as rows for the report and numbers for metrics."""

from __future__ import annotations

from collections.abc import Sequence

from medrwr.evaluation.taxonomy import FailureKind, FailureRow, count_failures
from pipelines.measures import Evaluated
from pipelines.rungs import FINAL
from pipelines.second_looks import CDIR


def failures_of(evaluated: Evaluated) -> tuple[FailureRow, ...]:
    """One row for each rung and cell that was answered."""
    return tuple(
        count_failures(rung.name, cell, evaluated.cells[cell], trajectories, evaluated.verdicts[rung.name][cell])
        for rung in evaluated.ladder.rungs
        for cell, trajectories in evaluated.played.get(rung.name, {}).items()
    )


def failure_metrics(rows: Sequence[FailureRow]) -> dict[str, float]:
    """Counts of the final model's wrong answers over all cells, without and with re-retrieval."""
    names = {kind.value: kind.value.replace(" ", "_") for kind in FailureKind}
    return {
        f"failures_{rung}_{name}": sum(row.kinds[kind] for row in rows if row.rung == rung)
        for rung in (FINAL, CDIR)
        for kind, name in names.items()
    }


def failure_table(rows: Sequence[FailureRow]) -> list[dict[str, object]]:
    """Rows for failures.csv: counts by kind, and the queries behind them by type."""
    return [
        {"rung": row.rung, "cell": row.cell, "answers": row.answers, "wrong": row.wrong, **row.kinds, **row.queries}
        for row in rows
    ]
