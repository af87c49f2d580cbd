"""What the gate compares, kept with the version's run in MLflow: every final answer, right or wrong."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from medrwr.errors import OverlapError
from pipelines.disjoint import require_disjoint_splits
from pipelines.gate import Answers, Evidence
from pipelines.paths import Paths
from pipelines.promotion import METRIC_TAG
from pipelines.tracking.store import Store, translated

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion

RUN_TAG = "medrwr.run"
FILE = "gate/answers.csv"
FINAL_RUNGS = ("cdir", "grpo_multimodal")  # as deployed: with re-retrieval where it was measured
COLUMNS = ("benchmark", "question_id", "fact", "correct")


def answers_of(paths: Paths) -> dict[str, dict[str, tuple[str, bool]]]:
    """The final model's verdicts of the last evaluation; {} where it left none."""
    file = paths.evaluation / "per_question.jsonl"
    if not file.is_file():
        return {}
    by_rung: dict[str, dict[str, dict[str, tuple[str, bool]]]] = defaultdict(lambda: defaultdict(dict))
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            verdict = row["verdict"]
            by_rung[row["rung"]][row["cell"]][verdict["question_id"]] = (verdict["cluster"], bool(verdict["correct"]))
    first, second = (by_rung[name] for name in FINAL_RUNGS)
    return {**second, **first}


def write_answers(answers: Answers) -> str:
    """CSV, one line an answer, sorted."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for benchmark, by_question in sorted(answers.items()):
        writer.writerows(
            (benchmark, question, fact, int(right)) for question, (fact, right) in sorted(by_question.items())
        )
    return text.getvalue()


def read_answers(text: str) -> dict[str, dict[str, tuple[str, bool]]]:
    """What `write_answers` wrote."""
    answers: dict[str, dict[str, tuple[str, bool]]] = defaultdict(dict)
    for row in csv.DictReader(io.StringIO(text)):
        answers[row["benchmark"]][row["question_id"]] = (row["fact"], row["correct"] == "1")
    return dict(answers)


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
