"""The ladder: rungs (checkpoints and arms) by cells (held in or out, text or image), with intervals (M28-M31).

Cells are drawn once, and a rung on fewer questions answers a prefix of the same draw: so any two rungs can be compared
on the questions that both answered.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from medrwr.errors import SampleError
from medrwr.evaluation.permutation import holm
from medrwr.evaluation.scorer import Score, Verdict, summarise
from medrwr.evaluation.statistics import Interval, PairedDifference, bootstrap_mean, paired_difference
from medrwr.types import Question

TWO_HOP_CELLS = ("two_hop_text", "two_hop_image")
CELLS = ("held_in_text", "held_in_image", "held_out_text", "held_out_image", *TWO_HOP_CELLS)


@dataclass(frozen=True, slots=True)
class Rung:
    """One row: `name` for files and metrics, `label` for people."""

    name: str
    label: str


@dataclass(frozen=True, slots=True)
class Cell:
    """One rung on one cell."""

    score: Score
    accuracy: Interval


@dataclass(frozen=True, slots=True)
class Comparison:
    """`second` minus `first` on the questions of `cell` that both answered.

    `holm_p` is the permutation test's p, corrected for all comparisons of the ladder.
    """

    cell: str
    first: str
    second: str
    difference: PairedDifference
    holm_p: float = 1.0


@dataclass(frozen=True, slots=True)
class Ladder:
    """All cells that were measured, and the paired comparisons between rungs. A missing cell was not measured."""

    rungs: tuple[Rung, ...]
    cells: Mapping[str, Mapping[str, Cell]]
    comparisons: tuple[Comparison, ...]
    chance: Mapping[str, float]
    level: float

    def cell(self, rung: str, cell: str) -> Cell | None:
        return self.cells.get(rung, {}).get(cell)

    def comparison(self, cell: str, first: str, second: str) -> Comparison | None:
        wanted = (cell, first, second)
        return next((item for item in self.comparisons if (item.cell, item.first, item.second) == wanted), None)


@dataclass(frozen=True, slots=True)
class Resampling:
    """How intervals are computed."""

    samples: int = 2000
    level: float = 0.95
    seed: int = 0


def cell_of(question: Question, held_out_modality: str) -> str:
    """The cell that a test question belongs to; questions that need two queries are in cells of their own."""
    held = "held_out" if question.modality == held_out_modality else "held_in"
    held = "two_hop" if question.hops > 1 else held
    return f"{held}_{'image' if question.images else 'text'}"


def draw(
    questions: Sequence[Question], held_out_modality: str, *, per_cell: int, seed: int
) -> dict[str, list[Question]]:
    """Up to `per_cell` questions for each cell, in a seeded order that does not depend on the order of the file.

    Raises:
        SampleError: there is no question at all.
    """
    if not questions:
        raise SampleError("0 questions to evaluate, expected at least 1: check the test split")
    cells: dict[str, list[Question]] = {cell: [] for cell in CELLS}
    for question in sorted(questions, key=lambda item: item.question_id):
        cells[cell_of(question, held_out_modality)].append(question)
    drawn = {}
    for place, cell in enumerate(CELLS):
        order = np.random.default_rng([seed, place]).permutation(len(cells[cell]))[:per_cell]
        drawn[cell] = [cells[cell][index] for index in order]
    return {cell: picked for cell, picked in drawn.items() if picked}


def assemble(
    rungs: Sequence[Rung],
    verdicts: Mapping[str, Mapping[str, Sequence[Verdict]]],
    *,
    compare: Sequence[tuple[str, str]],
    chance: Mapping[str, float],
    resampling: Resampling,
) -> Ladder:
    """Scores, intervals and paired comparisons of `verdicts[rung][cell]`.

    Args:
        rungs: the rows, in the order of the report.
        verdicts: by rung and cell; empty cells are left out.
        compare: pairs (first, second) of rung names; a pair is compared on every cell that both have.
        chance: expected accuracy of guessing, by cell.
        resampling: bootstrap samples, confidence level and seed.
    """
    cells = {
        rung.name: {
            cell: Cell(summarise(judged), _accuracy(judged, resampling))
            for cell, judged in verdicts[rung.name].items()
            if judged
        }
        for rung in rungs
    }
    comparisons = [
        Comparison(cell, first, second, compare_verdicts(verdicts[first][cell], verdicts[second][cell], resampling))
        for first, second in compare
        for cell in CELLS
        if verdicts.get(first, {}).get(cell) and verdicts.get(second, {}).get(cell)
    ]
    return Ladder(tuple(rungs), cells, _corrected(comparisons), dict(chance), resampling.level)


def compare_verdicts(first: Sequence[Verdict], second: Sequence[Verdict], resampling: Resampling) -> PairedDifference:
    """Second minus first on the questions that both answered.

    Raises:
        SampleError: no question was answered by both.
    """
    answered = {verdict.question_id: verdict for verdict in second}
    pairs = [(verdict, answered[verdict.question_id]) for verdict in first if verdict.question_id in answered]
    if not pairs:
        raise SampleError("0 questions answered by both rungs, expected a common draw: compare rungs of one cell")
    return paired_difference(
        [one.correct for one, _ in pairs],
        [two.correct for _, two in pairs],
        [one.cluster for one, _ in pairs],
        samples=resampling.samples,
        level=resampling.level,
        seed=resampling.seed,
    )


def _corrected(comparisons: Sequence[Comparison]) -> tuple[Comparison, ...]:
    adjusted = holm([item.difference.permutation_p for item in comparisons])
    return tuple(replace(item, holm_p=float(p)) for item, p in zip(comparisons, adjusted, strict=True))


def chance_of(questions: Sequence[Question]) -> float:
    """Expected accuracy of a uniform guess.

    Raises:
        SampleError: there are no questions.
    """
    if not questions:
        raise SampleError("0 questions, so chance is undefined: check the questions of this cell")
    return sum(1 / len(question.options) for question in questions) / len(questions)


def _accuracy(verdicts: Sequence[Verdict], resampling: Resampling) -> Interval:
    return bootstrap_mean(
        [verdict.correct for verdict in verdicts],
        [verdict.cluster for verdict in verdicts],
        samples=resampling.samples,
        level=resampling.level,
        seed=resampling.seed,
    )
