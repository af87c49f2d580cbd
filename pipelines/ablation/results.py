"""A grid's results: accuracies with intervals, paired differences to the reference row, several seeds pooled (M31)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from medrwr.evaluation.ladder import CELLS
from medrwr.evaluation.permutation import holm
from medrwr.evaluation.statistics import Interval, PairedDifference, bootstrap_mean, paired_difference
from pipelines.ablation.confidences import Change
from pipelines.ablation.grid import Grid, Row
from pipelines.ablation.judgements import Criterion

Answers = Mapping[str, tuple[str, bool]]
"""'seed/question id' -> ('seed/fact', right or wrong), of one row and cell."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One row on one cell; `difference` is the row minus the reference, None for the reference itself."""

    accuracy: Interval
    difference: PairedDifference | None = None
    adjusted_p: float | None = None
    """Holm's correction over the rows of one cell."""


@dataclass(frozen=True, slots=True)
class Results:
    """All rows that have been run, by row name and cell."""

    grid: Grid
    seeds: tuple[int, ...]
    cells: Mapping[str, Mapping[str, Measured]]
    changes: tuple[Change, ...] = ()
    scores: tuple[Criterion, ...] = ()

    @property
    def measured_cells(self) -> list[str]:
        return [cell for cell in CELLS if any(cell in by_cell for by_cell in self.cells.values())]


def pool(row: Row, by_seed: Mapping[int, Iterable[Mapping[str, Any]]]) -> dict[str, Answers]:
    """The row's answers by cell, over all seeds; a question of another seed is another question."""
    pooled: dict[str, dict[str, tuple[str, bool]]] = {}
    for seed, lines in by_seed.items():
        for line in lines:
            if line["rung"] == row.rung:
                verdict = line["verdict"]
                cell = pooled.setdefault(line["cell"], {})
                cell[f"{seed}/{verdict['question_id']}"] = (f"{seed}/{verdict['cluster']}", bool(verdict["correct"]))
    return dict(pooled)


def measure(
    grid: Grid, answers: Mapping[str, Mapping[str, Answers]], seeds: Sequence[int], *, samples: int, level: float
) -> Results:
    """Intervals over facts, and differences on the questions that a row and the reference both answered.

    Args:
        answers: by row name and cell; rows that have not been run are left out.
        samples: of the bootstrap.
        level: of the intervals.
    """
    found: dict[str, dict[str, Measured]] = {row.name: {} for row in grid.rows if row.name in answers}
    against = answers.get(grid.reference, {})
    for cell in CELLS:
        rows = [name for name in found if answers[name].get(cell)]
        differences = {
            name: _difference(against.get(cell, {}), answers[name][cell], samples, level)
            for name in rows
            if name != grid.reference
        }
        compared = {name: difference for name, difference in differences.items() if difference is not None}
        corrected = dict(zip(compared, holm([one.mcnemar_p for one in compared.values()]), strict=True))
        for name in rows:
            accuracy = _accuracy(answers[name][cell], samples, level)
            adjusted = float(corrected[name]) if name in corrected else None
            found[name][cell] = Measured(accuracy, compared.get(name), adjusted)
    return Results(grid, tuple(seeds), found)


def _accuracy(answers: Answers, samples: int, level: float) -> Interval:
    facts, right = zip(*answers.values(), strict=True)
    return bootstrap_mean(right, facts, samples=samples, level=level)


def _difference(reference: Answers, answers: Answers, samples: int, level: float) -> PairedDifference | None:
    both = sorted(reference.keys() & answers.keys())
    if not both:
        return None
    first, second = ([float(side[key][1]) for key in both] for side in (reference, answers))
    return paired_difference(first, second, [answers[key][0] for key in both], samples=samples, level=level)
