"""The check that keeps training, calibration and test items apart (M14): a part of the pipeline, and it fails it."""

from __future__ import annotations

from medrwr.datasets.overlap import ItemSet, require_disjoint
from medrwr.records import read_records
from medrwr.types import Demonstration, Question
from pipelines.paths import Paths

TRAINING = ("rl_text", "rl_image")


def require_disjoint_splits(paths: Paths) -> int:
    """Compare training with calibration, and both with the test split; returns how many pairs were ruled out.

    Raises:
        OverlapError: with the ids that overlap.
        ImageError: a question's image cannot be read.
        ArtefactError: a split is missing.
    """
    demonstrations, _ = read_records(paths.demonstrations, Demonstration)
    training = [ItemSet("sft", [demonstration.question for demonstration in demonstrations], paths.clinic)]
    training += [_split(paths, name) for name in TRAINING]
    calibration, test = _split(paths, "calibration"), _split(paths, "test")
    return require_disjoint(training, calibration) + require_disjoint([*training, calibration], test)


def _split(paths: Paths, name: str) -> ItemSet:
    questions, _ = read_records(paths.questions(name), Question)
    return ItemSet(name, questions, paths.clinic)
