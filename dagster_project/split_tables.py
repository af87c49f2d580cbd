"""Tables about the splits of the clinic: overlap with training items (M14), and drift from what was there first."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from functools import partial
from math import log
from pathlib import Path
from typing import TYPE_CHECKING

from dagster_project.expectations import Expectation
from dagster_project.report import read_json
from dagster_project.tables import CheckedTable, read_questions
from medrwr.datasets.overlap import ItemSet, find_overlaps
from medrwr.records import read_records, write_text_atomic
from medrwr.types import Demonstration, Question
from pipelines.disjoint import TRAINING
from pipelines.paths import Paths

if TYPE_CHECKING:
    import pandas as pd

REFERENCE = "work/checks/question_shares.json"  # remove it to accept today's questions as the new reference
FEATURES = ("file", "modality", "kind", "answer", "words", "with_image")
LARGEST_PSI = 0.25  # the usual reading: under .1 the same, over .25 another population
FLOOR = 1e-3  # share of a value that one side never had


def overlaps_table(root: Path) -> CheckedTable:
    """Each calibration and test item, with the training items that give it away. Blocking: they would be trained on."""
    expected = Expectation(
        "splits_disjoint",
        "No training item resembles a calibration or test item, in text or image (M14).",
        "ExpectColumnValuesToBeInSet",
        {"column": "given_away_by", "value_set": [""]},
        shown=("split", "kind"),
    )
    return CheckedTable("overlaps", partial(read_overlaps, root), (expected,), "question_id")


def read_overlaps(root: Path) -> pd.DataFrame:
    """One row an evaluation item; splits that are not there are left out."""
    import pandas as pd

    paths = Paths(root)
    training = [items for items in (_demonstrations(paths), *(_split(paths, name) for name in TRAINING)) if items]
    calibration, test = _split(paths, "calibration"), _split(paths, "test")
    rows = []
    for items, against in ((calibration, training), (test, [*training, *([calibration] if calibration else [])])):
        if items is None:
            continue
        found = {overlap.evaluation_id: overlap for overlap in find_overlaps(against, items)}
        for question in items.questions:
            overlap = found.get(question.question_id)
            given_away_by, kind = (overlap.training_id, overlap.kind) if overlap else ("", "")
            names = {"question_id": question.question_id, "split": items.name}
            rows.append({**names, "given_away_by": given_away_by, "kind": kind})
    return pd.DataFrame(rows, columns=["question_id", "split", "given_away_by", "kind"])


def drift_table(root: Path) -> CheckedTable:
    """How far the questions have moved from the first that were seen here. A warning: they may be meant to."""
    expected = Expectation(
        "question_drift",
        f"No feature of the questions drifts: population stability index up to {LARGEST_PSI}.",
        "ExpectColumnValuesToBeBetween",
        {"column": "stability_index", "max_value": LARGEST_PSI},
        blocking=False,
        shown=("most_changed",),
    )
    return CheckedTable("question_drift", partial(read_drift, root), (expected,), "feature")


def read_drift(root: Path) -> pd.DataFrame:
    """One row a feature; the first call keeps its shares as the reference."""
    import pandas as pd

    now = shares(read_questions(root))
    reference = root / REFERENCE
    if not reference.is_file():
        reference.parent.mkdir(parents=True, exist_ok=True)
        write_text_atomic(reference, json.dumps(now, indent=1, sort_keys=True) + "\n")
    before = read_json(reference)
    rows = []
    for feature in FEATURES:
        first, second = before.get(feature, {}), now.get(feature, {})
        parts = {value: _part(first.get(value, 0.0), second.get(value, 0.0)) for value in {*first, *second}}
        most = max(sorted(parts), key=lambda value: parts[value], default="")
        change = f"{most}: {first.get(most, 0.0):.1%} -> {second.get(most, 0.0):.1%}"
        rows.append({"feature": feature, "stability_index": sum(parts.values()), "most_changed": change})
    return pd.DataFrame(rows)


def shares(questions: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Feature -> value -> share of the questions; words in tens."""
    if not len(questions):
        return {}
    known = questions.assign(
        words=[len(text.split()) // 10 * 10 for text in questions["text"]],
        with_image=[bool(images) for images in questions["images"]],
    )
    return {feature: _shares(Counter(known[feature].astype(str))) for feature in FEATURES if feature in known.columns}


def _shares(counts: Mapping[str, int]) -> dict[str, float]:
    total = sum(counts.values())
    return {value: count / total for value, count in counts.items()}


def _part(before: float, now: float) -> float:
    """One value's part of the population stability index: (now - before) ln(now / before)."""
    first, second = max(before, FLOOR), max(now, FLOOR)
    return (second - first) * log(second / first)


def _demonstrations(paths: Paths) -> ItemSet | None:
    if not paths.demonstrations.is_file():
        return None
    demonstrations, _ = read_records(paths.demonstrations, Demonstration)
    return ItemSet("sft", [one.question for one in demonstrations], paths.clinic)


def _split(paths: Paths, name: str) -> ItemSet | None:
    if not paths.questions(name).is_file():
        return None
    questions, _ = read_records(paths.questions(name), Question)
    return ItemSet(name, questions, paths.clinic)
