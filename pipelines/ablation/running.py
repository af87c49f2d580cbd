"""Runs a grid: what is finished is only read, and the table is written again after each experiment."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from medrwr.config import Params
from medrwr.records import write_text_atomic
from pipelines.ablation.experiments import Experiment, read_lines
from pipelines.ablation.kept_answers import write_answers
from pipelines.ablation.planning import Plan
from pipelines.ablation.pooling import Lines, answers_of, results_of
from pipelines.ablation.results import Results
from pipelines.ablation.side_by_side import finish
from pipelines.ablation.tables import as_json, html, markdown
from pipelines.tracking.store import open_store

FOLDER = "reports/ablations"


def run(root: Path, planned: Plan, params: Params, jobs: int = 1) -> Iterator[tuple[Experiment, bool, Results]]:
    """After each experiment: it, whether it had to be run, and the results so far, which are also on disk.

    Args:
        jobs: how many experiments at a time.

    Raises:
        ExperimentError: a chain failed; what was finished stays.
        TrackingError: MLflow cannot be opened.
    """
    open_store(root)  # the experiments' temporary folders must not become its artefacts' address
    lines: dict[str, list[dict[str, Any]]] = {}
    for experiment, fresh in finish(root, planned.distinct, jobs):
        lines[experiment.name] = read_lines(root, experiment)
        yield experiment, fresh, write(root, planned, lines, params)


def write(root: Path, planned: Plan, lines: Lines, params: Params) -> Results:
    """The results so far, as reports/ablations/<grid>.md, .json and .html, with the answers as .answers.json."""
    results = results_of(root, planned, lines, params)
    target = root / FOLDER / planned.grid.name
    write_text_atomic(target.with_suffix(".md"), markdown(results))
    write_text_atomic(target.with_suffix(".json"), json.dumps(as_json(results), indent=1, ensure_ascii=False) + "\n")
    write_text_atomic(target.with_suffix(".html"), html(results))
    write_answers(target.with_suffix(".answers.json"), planned.grid, answers_of(planned, lines))
    return results
