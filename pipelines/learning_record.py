"""What the report says about learning: the stages' curves, and what their models' queries were driven by."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

from medrwr.evaluation.charts import Chart
from medrwr.evaluation.learning import QueryRow, Row, learning_charts
from medrwr.evaluation.query_types import query_types, shares
from medrwr.evaluation.results import CELL_LABELS
from pipelines.measures import Evaluated
from pipelines.paths import Paths

_CURVES = (
    ("sft", "loss", "SFT: loss"),
    ("grpo_text", "reward", "Text stage: rewards"),
    ("grpo_text", "retrieval", "Text stage: retrieval"),
    ("grpo_multimodal", "reward", "Image stage: rewards"),
    ("grpo_multimodal", "retrieval", "Image stage: retrieval"),
    ("grpo_text", "validity", "Text stage: validity"),
    ("grpo_multimodal", "validity", "Image stage: validity"),
)
_RUNGS = ("sft", "grpo_text", "grpo_multimodal")


def curves_of(paths: Paths) -> tuple[Chart, ...]:
    """The training curves that the stages left; a stage that was skipped left none."""
    charts: list[Chart] = []
    for stage, name, title in _CURVES:
        rows = read_curve(paths.plots(stage) / f"{name}.csv")
        charts += learning_charts(title, rows) if rows else []
    return tuple(charts)


def read_curve(path: Path) -> list[Row]:
    """Rows of a curve's CSV (`step,series,value`); none when there is no such file."""
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as lines:
        return [(int(row["step"]), row["series"], float(row["value"])) for row in csv.DictReader(lines)]


def queries_of(evaluated: Evaluated) -> tuple[QueryRow, ...]:
    """What drove the queries, by rung and cell (M32)."""
    labels: Mapping[str, str] = {rung.name: rung.label for rung in evaluated.ladder.rungs}
    rows = []
    for rung in _RUNGS:
        for cell, trajectories in evaluated.played.get(rung, {}).items():
            asked = zip(evaluated.cells[cell], trajectories, strict=False)
            types = [kind for question, trajectory in asked for kind in query_types(question, trajectory)]
            rows.append(QueryRow(labels[rung], CELL_LABELS[cell], len(types), shares(types)))
    return tuple(rows)
