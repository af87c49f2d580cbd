"""The rungs of the evaluation ladder, and how they are played (M28-M30)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from medrwr.calibration.artefact import Calibration
from medrwr.evaluation.ladder import TWO_HOP_CELLS, Rung
from medrwr.rollout.cdir import CdirRule
from medrwr.rollout.engine import RolloutEngine
from medrwr.types import Question, Trajectory
from pipelines.arms import (
    ANOTHERS_QUERY,
    AT_ONCE,
    NO_RETRIEVAL,
    ONE_QUERY,
    OWN_QUERY,
    QUESTION_AS_QUERY,
    Arm,
    GreedyRollout,
)
from pipelines.opening import BASE, image_root_of, open_cases, open_engine, open_passages
from pipelines.querying import caption_queries, refined_queries
from pipelines.second_looks import CDIR, SELF_CONSISTENCY, Looks, look_again, rungs_of, vote_again
from pipelines.second_looks import RUNGS as LOOKED
from pipelines.stage import StageContext

FINAL = "grpo_multimodal"

Cells = Mapping[str, list[Question]]
Played = dict[str, dict[str, list[Trajectory]]]
"""Trajectories by rung and cell, in the order of the cell's questions."""


@dataclass(frozen=True, slots=True)
class Step:
    """One rung: which stage's model is asked, and how.

    Attributes:
        two_hop: only questions that need two queries.
        written: whose query it is where neither the policy nor the question gives it; only of questions with images.
    """

    rung: Rung
    stage: str
    arm: Arm = OWN_QUERY
    two_hop: bool = False
    written: Literal["refined", "caption"] | None = None


STEPS = (
    Step(Rung("base", "Base, own query"), BASE),
    Step(Rung("base_at_once", "Base, answers at once"), BASE, AT_ONCE),
    Step(Rung("sft", "SFT"), "sft"),
    Step(Rung("grpo_text", "Text stage"), "grpo_text"),
    Step(Rung("no_retrieval", "Image stage, no retrieval"), FINAL, NO_RETRIEVAL),
    Step(Rung("question_as_query", "Image stage, question as query"), FINAL, QUESTION_AS_QUERY),
    Step(Rung("refined_question", "Image stage, refined question"), FINAL, ANOTHERS_QUERY, written="refined"),
    Step(Rung("caption_as_query", "Image stage, caption as query"), FINAL, ANOTHERS_QUERY, written="caption"),
    Step(Rung("one_query", "Image stage, one query allowed"), FINAL, ONE_QUERY, two_hop=True),
    Step(Rung(FINAL, "Image stage, own query"), FINAL),
)
RUNGS = (*(step.rung for step in STEPS), *LOOKED)
COMPARED = (
    ("base", "sft"),
    ("sft", "grpo_text"),
    ("grpo_text", FINAL),
    ("no_retrieval", FINAL),
    ("question_as_query", FINAL),
    ("refined_question", FINAL),
    ("caption_as_query", FINAL),
    ("one_query", FINAL),
    *((FINAL, rung.name) for rung in LOOKED),
    *((rung.name, CDIR) for rung in LOOKED[1:]),
)


def play_rungs(context: StageContext, cells: Cells, calibration: Calibration) -> tuple[Played, Looks]:
    """All rungs, greedy; one model is open at a time.

    Earlier checkpoints, and arms whose query someone else writes, answer the first `ladder_questions_per_cell`
    questions of each cell, the final model's controls `control_questions_per_cell`, itself all of them; re-retrieval is
    for image questions only. Comes with the first and second answers.

    Raises:
        CheckpointError: a stage's model is missing or incomplete.
    """
    retriever = open_passages(context)
    played: Played = {}
    looks: Looks = {}
    rule = rule_of(calibration)
    for stage, steps in groupby(STEPS, key=lambda step: step.stage):
        engine = open_engine(context, stage, retriever=retriever)
        for step in steps:
            played[step.rung.name] = _play(context, engine, step, _asked(context, step, cells))
        if stage == FINAL:
            looks = look_again(context, engine, cells, played[FINAL], rule)
            played |= rungs_of(looks, rule, seed=context.params.base.seed)
            played[SELF_CONSISTENCY] = vote_again(context, engine, cells, looks, rule)
    return played, looks


def rule_of(calibration: Calibration) -> CdirRule:
    """The calibration as the rule of re-retrieval (M27)."""
    return CdirRule(
        calibration.threshold,
        calibration.confidence_scale,
        calibration.similar_cases,
        calibration.queries,
        calibration.arbitration,
        calibration.second_scale,
    )


def _asked(context: StageContext, step: Step, cells: Cells) -> Cells:
    settings = context.params.evaluate
    if step.rung.name == FINAL:
        return cells
    control = step.stage == FINAL and not step.written
    fewer = settings.control_questions_per_cell if control else settings.ladder_questions_per_cell
    if step.two_hop:
        cells = {cell: questions for cell, questions in cells.items() if cell in TWO_HOP_CELLS}
    if step.written:
        cells = {cell: questions for cell, questions in cells.items() if cell.endswith("image")}
    return {cell: questions[:fewer] for cell, questions in cells.items()}


def _play(context: StageContext, engine: RolloutEngine, step: Step, cells: Cells) -> dict[str, list[Trajectory]]:
    questions = [question for asked in cells.values() for question in asked]
    queries = _queries(context, engine, step, questions)
    label = f"evaluate: {step.rung.label}"
    everything = GreedyRollout(engine, image_root_of(context), step.arm, context.sink, label, queries)(questions)
    answered = iter(everything)
    return {cell: [next(answered) for _ in asked] for cell, asked in cells.items()}


def _queries(
    context: StageContext, engine: RolloutEngine, step: Step, questions: Sequence[Question]
) -> list[str] | None:
    root = image_root_of(context)
    match step.written:
        case "refined":
            return refined_queries(engine, questions, root, context.sink)
        case "caption":
            return caption_queries(open_cases(context), questions, root)
        case None:
            return None
