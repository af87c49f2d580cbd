"""The results of a plan's experiments so far, pooled over seeds (M31)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from medrwr.config import Params
from pipelines.ablation.confidences import Change, changes_of
from pipelines.ablation.experiments import FINDINGS, SECOND_LOOKS, Experiment, read_lines, read_text
from pipelines.ablation.grid import Row
from pipelines.ablation.judgements import Criterion, criteria_of
from pipelines.ablation.kept_answers import RowAnswers, join, seeds_of
from pipelines.ablation.planning import Plan
from pipelines.ablation.results import Answers, Results, measure, pool

Lines = Mapping[str, Sequence[Mapping[str, Any]]]
"""What the evaluations wrote of every question, by the experiment's name."""


def answers_of(planned: Plan, lines: Lines) -> RowAnswers:
    """Right or wrong by row and cell: the experiments', and those that were kept."""
    own = {row.name: by_cell for row in planned.grid.rows if (by_cell := _pooled(planned, row, lines))}
    return join([own, planned.kept])


def results_of(root: Path, planned: Plan, lines: Lines, params: Params) -> Results:
    """Accuracies and differences of what has been answered, with the grid's further readings."""
    answers, settings = answers_of(planned, lines), params.evaluate
    seeds = sorted({seed for cells in answers.values() for one in cells.values() for seed in seeds_of(one)})
    measured = measure(
        planned.grid, answers, seeds, samples=settings.bootstrap_samples, level=settings.confidence_level
    )
    return replace(
        measured, changes=_changes(root, planned, lines, params), scores=_scores(root, planned, lines, params)
    )


def _pooled(planned: Plan, row: Row, answers: Lines) -> dict[str, Answers]:
    by_seed = {
        seed: answers[experiment.name]
        for seed, experiment in planned.experiments[row.name].items()
        if experiment.name in answers
    }
    return pool(row, by_seed)


def _changes(root: Path, planned: Plan, answers: Mapping[str, object], params: Params) -> tuple[Change, ...]:
    if not planned.grid.confidences:
        return ()
    done = _of_reference(planned, answers)
    looks = {seed: read_lines(root, experiment, SECOND_LOOKS) for seed, experiment in done.items()}
    settings = params.evaluate
    return tuple(changes_of(looks, samples=settings.bootstrap_samples, level=settings.confidence_level))


def _scores(root: Path, planned: Plan, answers: Mapping[str, object], params: Params) -> tuple[Criterion, ...]:
    if not planned.grid.judged:
        return ()
    done = _of_reference(planned, answers)
    found = {seed: json.loads(read_text(root, experiment, FINDINGS)) for seed, experiment in done.items()}
    settings = params.evaluate
    return tuple(criteria_of(found, samples=settings.bootstrap_samples, level=settings.confidence_level))


def _of_reference(planned: Plan, answers: Mapping[str, object]) -> dict[int, Experiment]:
    """The reference's experiments that have been run, by seed."""
    return {seed: one for seed, one in planned.experiments[planned.grid.reference].items() if one.name in answers}
