"""Stage `curate`: the image questions for GRPO, each easy or hard by the base model's accuracy (M13)."""

from __future__ import annotations

import random

from medrwr.curation.stratify import ROLLOUTS, Stratified, direct_answers, sampled_accuracy, stratify
from medrwr.errors import ArtefactError
from medrwr.records import read_records, write_records
from medrwr.types import Question
from pipelines.opening import BASE, image_root_of, open_policy
from pipelines.stage import StageContext, StageResult


def run(context: StageContext) -> StageResult:
    """Write data/curated/rl_image.jsonl and what was unusable to quarantine.jsonl."""
    questions, bad = read_records(context.paths.questions("rl_image"), Question)
    if not questions:
        raise ArtefactError(f"{context.paths.questions('rl_image')} holds no usable question: run `dvc repro clinic`")
    graded = _grade(context, questions)
    folder = context.paths.curated
    write_records(folder / "rl_image.jsonl", graded.questions)
    write_records(folder / "quarantine.jsonl", bad)
    metrics = {
        "questions": len(graded.questions),
        "easy": graded.count("easy"),
        "hard": graded.count("hard"),
        "always_right": graded.dropped,
        "quarantined": len(bad),
        "base_accuracy": sum(graded.accuracy.values()) / len(graded.accuracy),
    }
    headline = (
        f"{metrics['easy']} easy and {metrics['hard']} hard questions, {metrics['always_right']} always right dropped, "
        f"base accuracy {metrics['base_accuracy']:.3f}"
    )
    return StageResult(metrics, headline, (folder,))


def _grade(context: StageContext, questions: list[Question]) -> Stratified:
    probs = direct_answers(open_policy(context, BASE), questions, image_root=image_root_of(context))
    draw = random.Random(context.params.base.seed)
    accuracy = [
        sampled_accuracy(row, question.answer, rollouts=ROLLOUTS, draw=draw)
        for row, question in zip(probs, questions, strict=True)
    ]
    return stratify(questions, accuracy)
