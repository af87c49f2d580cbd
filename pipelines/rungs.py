"""The rungs of the evaluation ladder, and how they are played (M28-M30)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby

from medrwr.calibration.artefact import Calibration
from medrwr.evaluation.ladder import TWO_HOP_CELLS, Rung
from medrwr.rollout.cdir import CdirRule
from medrwr.rollout.engine import RolloutEngine
from medrwr.types import Question, Trajectory
from pipelines.arms import (
    AT_ONCE,
    NO_RETRIEVAL,
    ONE_QUERY,
    OWN_QUERY,
    QUESTION_AS_QUERY,
    Arm,
    GreedyRollout,
)
from pipelines.opening import BASE, image_root_of, open_engine, open_passages
from pipelines.second_looks import CDIR, SELF_CONSISTENCY, Looks, look_again, rungs_of, vote_again
from pipelines.second_looks import RUNGS as LOOKED
from pipelines.stage import StageContext

FINAL = "grpo_multimodal"

Cells = Mapping[str, list[Question]]
Played = dict[str, dict[str, list[Trajectory]]]
"""Trajectories by rung and cell, in the order of the cell's questions."""


@dataclass(frozen=True, slots=True)
class Step:
    """One rung: which stage's model is asked, and how; `two_hop`: only questions that need two queries."""

    rung: Rung
    stage: str
    arm: Arm = OWN_QUERY
    two_hop: bool = False


STEPS = (
    Step(Rung("base", "Base, own query"), BASE),
    Step(Rung("base_at_once", "Base, answers at once"), BASE, AT_ONCE),
    Step(Rung("sft", "SFT"), "sft"),
    Step(Rung("grpo_text", "Text stage"), "grpo_text"),
    Step(Rung("no_retrieval", "Image stage, no retrieval"), FINAL, NO_RETRIEVAL),
    Step(Rung("question_as_query", "Image stage, question as query"), FINAL, QUESTION_AS_QUERY),
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
    ("one_query", FINAL),
    *((FINAL, rung.name) for rung in LOOKED),
    *((rung.name, CDIR) for rung in LOOKED[1:]),
)


def play_rungs(context: StageContext, cells: Cells, calibration: Calibration) -> tuple[Played, Looks]:
    """All rungs, greedy; one model is open at a time.

    Earlier checkpoints answer the first `ladder_questions_per_cell` questions of each cell, the final model all of
    them; re-retrieval is for image questions only. Comes with the first and second answers.

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
    if step.two_hop:
        return {cell: questions for cell, questions in cells.items() if cell in TWO_HOP_CELLS}
    if step.stage == FINAL:
        return cells
    fewer = context.params.evaluate.ladder_questions_per_cell
    return {cell: questions[:fewer] for cell, questions in cells.items()}


def _play(context: StageContext, engine: RolloutEngine, step: Step, cells: Cells) -> dict[str, list[Trajectory]]:
    rollout = GreedyRollout(engine, image_root_of(context), step.arm, context.sink, f"evaluate: {step.rung.label}")
    everything = rollout([question for questions in cells.values() for question in questions])
    answered = iter(everything)
    return {cell: [next(answered) for _ in questions] for cell, questions in cells.items()}
