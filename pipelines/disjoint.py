"""The check that keeps training, calibration and test items apart (M14): a part of the pipeline, and it fails it."""

from __future__ import annotations

from medrwr.datasets.overlap import ItemSet, find_overlaps, require_disjoint
from medrwr.records import read_records, write_records
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


def drop_overlaps(paths: Paths) -> int:
    """Take the training and calibration items out that a later split resembles by chance; returns how many.

    The clinic draws images by the thousand, and two signs can come out all but alike. The check above still decides.
    """
    demonstrations, _ = read_records(paths.demonstrations, Demonstration)
    training = [ItemSet("sft", [one.question for one in demonstrations], paths.clinic)]
    training += [_split(paths, name) for name in TRAINING]
    calibration, test = _split(paths, "calibration"), _split(paths, "test")
    found = [*find_overlaps(training, calibration), *find_overlaps([*training, calibration], test)]
    dropped = {overlap.training_id for overlap in found}
    if dropped:
        write_records(paths.demonstrations, [d for d in demonstrations if d.question.question_id not in dropped])
        for items in (*training[1:], calibration):
            kept = [question for question in items.questions if question.question_id not in dropped]
            write_records(paths.questions(items.name), kept)
    return len(dropped)


def _split(paths: Paths, name: str) -> ItemSet:
    questions, _ = read_records(paths.questions(name), Question)
    return ItemSet(name, questions, paths.clinic)
