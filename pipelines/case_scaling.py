"""The final model's image questions, asked again with more and more similar cases (M26)."""

from __future__ import annotations

from dataclasses import replace

from medrwr.evaluation.case_scaling import CaseScaling
from medrwr.evaluation.scorer import judge_all
from medrwr.evaluation.statistics import bootstrap_mean
from medrwr.rollout.cdir import reretrieve
from medrwr.types import Question, Trajectory
from pipelines.arms import request_of
from pipelines.findings import resampling_of
from pipelines.measures import Evaluated
from pipelines.opening import image_root_of, open_cases, open_engine
from pipelines.rungs import FINAL, rule_of
from pipelines.stage import StageContext

NUMBERS = (0, 1, 2, 4, 8)
_ALWAYS = 2.0  # above every confidence


def scale_cases(context: StageContext, evaluated: Evaluated) -> tuple[CaseScaling, ...]:
    """Accuracy of the first `evaluate.scaling_questions` of each image cell for each number of cases; () when it is 0.

    All of them are asked again, and the more confident answer counts, or the new one, as calibration has it.

    Raises:
        CheckpointError: the final model is missing or incomplete.
    """
    asked, first = _sample(evaluated, context.params.evaluate.scaling_questions)
    if not asked:
        return ()
    engine, cases, rule = open_engine(context, FINAL), open_cases(context), rule_of(evaluated.calibration)
    requests = [request_of(question, image_root_of(context)) for question in asked]
    found = []
    for done, k in enumerate(NUMBERS, start=1):
        looks = reretrieve(engine, requests, first, cases, replace(rule, k=k, threshold=_ALWAYS)) if k else []
        believed = [look.chosen for look in looks] or first
        again = sum(look.second is not None for look in looks)
        found.append(_row(context, k, again, asked, believed))
        context.sink.progress(done, len(NUMBERS), "evaluate: number of similar cases")
    return tuple(found)


def _row(context: StageContext, k: int, again: int, asked: list[Question], believed: list[Trajectory]) -> CaseScaling:
    verdicts, resampling = judge_all(asked, believed), resampling_of(context.params)
    accuracy = bootstrap_mean(
        [verdict.correct for verdict in verdicts],
        [verdict.cluster for verdict in verdicts],
        samples=resampling.samples,
        level=resampling.level,
        seed=resampling.seed,
    )
    return CaseScaling(k, again, accuracy)


def _sample(evaluated: Evaluated, per_cell: int) -> tuple[list[Question], list[Trajectory]]:
    asked: list[Question] = []
    first: list[Trajectory] = []
    for cell, questions in evaluated.cells.items():
        if any(question.images for question in questions):
            asked += questions[:per_cell]
            first += evaluated.played[FINAL][cell][:per_cell]
    return asked, first
