"""Runs a grid row by row: what is finished is only read, and the table is written again after each row."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from medrwr.config import Params
from medrwr.records import write_text_atomic
from pipelines import second_looks
from pipelines.ablation.confidences import Change, changes_of
from pipelines.ablation.experiments import (
    FINDINGS,
    SECOND_LOOKS,
    Experiment,
    read_lines,
    read_text,
    workspace_state,
)
from pipelines.ablation.grid import Grid, Overrides, Row
from pipelines.ablation.judgements import Criterion, criteria_of
from pipelines.ablation.results import Answers, Results, measure, pool
from pipelines.ablation.side_by_side import finish
from pipelines.ablation.tables import as_json, html, markdown
from pipelines.rungs import FINAL
from pipelines.tracking.store import open_store

FOLDER = "reports/ablations"
FINAL_ONLY: Overrides = {
    "evaluate.ladder_questions_per_cell": 1,
    "evaluate.attribution_questions": 0,
    "evaluate.scaling_questions": 0,
    "evaluate.trace_every": 0,
}
_LAST = {FINAL, *(rung.name for rung in second_looks.RUNGS)}


@dataclass(frozen=True, slots=True)
class Plan:
    """The experiments of a grid: row name -> seed -> experiment; rows with equal parameters share theirs."""

    grid: Grid
    seeds: tuple[int, ...]
    experiments: Mapping[str, Mapping[int, Experiment]]

    @property
    def distinct(self) -> list[Experiment]:
        """Each once, in the order of the rows, seed by seed: the first seed's table is whole first."""
        in_order = (self.experiments[row.name][seed] for seed in self.seeds for row in self.grid.rows)
        return list({experiment.name: experiment for experiment in in_order}.values())


def plan(root: Path, grid: Grid, seeds: Sequence[int], scale: Overrides) -> Plan:
    """Which experiments the grid needs; `scale` is laid below each row's own parameters.

    Raises:
        ExperimentError: the workspace is no git repository.
    """
    state = workspace_state(root)
    experiments = {
        row.name: {
            seed: Experiment({**scale, **_read_of(row), **row.overrides, "base.seed": seed}, state) for seed in seeds
        }
        for row in grid.rows
    }
    return Plan(grid, tuple(seeds), experiments)


def _read_of(row: Row) -> Overrides:
    """What a chain that is run for this row's last rungs alone need not measure."""
    return FINAL_ONLY if row.overrides and row.rung in _LAST else {}


def run(root: Path, planned: Plan, params: Params, jobs: int = 1) -> Iterator[tuple[Experiment, bool, Results]]:
    """After each experiment: it, whether it had to be run, and the results so far, which are also on disk.

    Args:
        jobs: how many experiments at a time.

    Raises:
        ExperimentError: a chain failed; what was finished stays.
        TrackingError: MLflow cannot be opened.
    """
    open_store(root)  # the experiments' temporary folders must not become its artefacts' address
    answers: dict[str, list[dict[str, Any]]] = {}
    for experiment, fresh in finish(root, planned.distinct, jobs):
        answers[experiment.name] = read_lines(root, experiment)
        results = replace(
            _results(planned, answers, params),
            changes=_changes(root, planned, answers, params),
            scores=_scores(root, planned, answers, params),
        )
        write(root, results)
        yield experiment, fresh, results


def write(root: Path, results: Results) -> None:
    """reports/ablations/<grid>.md, .json and .html."""
    target = root / FOLDER / results.grid.name
    write_text_atomic(target.with_suffix(".md"), markdown(results))
    write_text_atomic(target.with_suffix(".json"), json.dumps(as_json(results), indent=1, ensure_ascii=False) + "\n")
    write_text_atomic(target.with_suffix(".html"), html(results))


def _results(planned: Plan, answers: Mapping[str, Sequence[Mapping[str, Any]]], params: Params) -> Results:
    complete = {row.name: by_cell for row in planned.grid.rows if (by_cell := _pooled(planned, row, answers))}
    seeds = [seed for seed in planned.seeds if _answered(planned, seed, answers)]
    settings = params.evaluate
    return measure(planned.grid, complete, seeds, samples=settings.bootstrap_samples, level=settings.confidence_level)


def _pooled(planned: Plan, row: Row, answers: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, Answers]:
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


def _answered(planned: Plan, seed: int, answers: Mapping[str, Sequence[Mapping[str, Any]]]) -> bool:
    return any(by_seed[seed].name in answers for by_seed in planned.experiments.values())
