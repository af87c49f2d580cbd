"""What the gate compares, kept with the version's run in MLflow: every final answer, right or wrong."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from medrwr.errors import OverlapError
from pipelines.answers import read_answers
from pipelines.disjoint import require_disjoint_splits
from pipelines.gate import Evidence
from pipelines.paths import Paths
from pipelines.promotion import METRIC_TAG
from pipelines.tracking.store import Store, translated

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion

RUN_TAG = "medrwr.run"
FILE = "gate/answers.csv"


def evidence_of(version: ModelVersion, store: Store, *, overlap: str = "") -> Evidence:
    """Metrics from the version's tags, answers from its run; a version of older days has no answers."""
    tags: Mapping[str, str] = version.tags
    metrics = {name.removeprefix(METRIC_TAG): float(text) for name, text in tags.items() if name.startswith(METRIC_TAG)}
    return Evidence(metrics, _kept_answers(store, tags.get(RUN_TAG, "")), overlap)


def overlap_of(paths: Paths) -> str:
    """The training items that resemble test items; '' when none does (M14)."""
    try:
        require_disjoint_splits(paths)
    except OverlapError as error:
        return str(error)
    return ""


def _kept_answers(store: Store, run_id: str) -> dict[str, dict[str, tuple[str, bool]]]:
    if not run_id:
        return {}
    with translated(store.uri):
        if not any(file.path == FILE for file in store.client.list_artifacts(run_id, str(Path(FILE).parent))):
            return {}
        with tempfile.TemporaryDirectory() as folder:
            path = store.client.download_artifacts(run_id, FILE, folder)
            return read_answers(Path(path).read_text(encoding="utf-8"))
