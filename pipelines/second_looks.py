"""Second looks of the evaluation: each image question is asked again, and each arm believes what it would (M26)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from medrwr.evaluation.consistency import SAMPLES, vote, within_budget
from medrwr.evaluation.ladder import Rung
from medrwr.evaluation.second_looks import arms_of, asked_again, second_tokens
from medrwr.rollout.cdir import CdirRule, Reretrieval, reretrieve
from medrwr.rollout.engine import RolloutEngine
from medrwr.types import Question, Trajectory
from pipelines.arms import request_of
from pipelines.opening import image_root_of, open_cases
from pipelines.stage import StageContext

CDIR, SELF_CONSISTENCY = "cdir", "self_consistency"
RUNGS = (
    Rung(CDIR, "Image stage, CDIR"),
    Rung("cdir_random", "Image stage, as many asked again at random"),
    Rung("cdir_always", "Image stage, all asked again"),
    Rung("cdir_always_new", "Image stage, all asked again, the new answer counts"),
    Rung(SELF_CONSISTENCY, "Image stage, self-consistency at equal tokens"),
)
_ARM_OF = {"cdir": "calibrated", "cdir_random": "random", "cdir_always": "always", "cdir_always_new": "always_new"}
_ALWAYS = 2.0  # above every confidence

Looks = dict[str, list[Reretrieval]]
"""First and second answers by cell, in the order of the cell's questions."""


@dataclass(frozen=True, slots=True)
class Look:
    """A line of second_looks.jsonl: both answers to a question with the policy's own probabilities of the options."""

    cell: str
    question_id: str
    gold: str
    first: str | None
    first_probs: tuple[float, ...]
    second: str | None
    second_probs: tuple[float, ...]
    asked: bool
    believed: str | None
    cases: tuple[str, ...]


def look_again(
    context: StageContext,
    engine: RolloutEngine,
    cells: Mapping[str, Sequence[Question]],
    first: Mapping[str, Sequence[Trajectory]],
    rule: CdirRule,
) -> Looks:
    """Ask every question of the cells with images again, whatever its confidence."""
    cases, root = open_cases(context), image_root_of(context)
    looks: Looks = {}
    for cell, questions in cells.items():
        if any(question.images for question in questions):
            requests = [request_of(question, root) for question in questions]
            looks[cell] = reretrieve(engine, requests, first[cell], cases, replace(rule, threshold=_ALWAYS))
    return looks


def rungs_of(looks: Looks, rule: CdirRule, *, seed: int) -> dict[str, dict[str, list[Trajectory]]]:
    """What each arm of re-retrieval believes, by rung and cell."""
    arms = {cell: arms_of(pairs, rule, seed=seed) for cell, pairs in looks.items()}
    return {rung: {cell: by_arm[arm] for cell, by_arm in arms.items()} for rung, arm in _ARM_OF.items()}


def vote_again(
    context: StageContext,
    engine: RolloutEngine,
    cells: Mapping[str, Sequence[Question]],
    looks: Looks,
    rule: CdirRule,
) -> dict[str, list[Trajectory]]:
    """Self-consistency with the tokens that CDIR's second looks took, cell by cell."""
    voted, root = {}, image_root_of(context)
    for cell, pairs in looks.items():
        believed = [pair.first for pair in pairs]
        tokens = sum(second_tokens(pairs[number]) for number in asked_again(pairs, rule))
        chosen = within_budget(believed, tokens)
        requests = [
            replace(request_of(cells[cell][number], root), seed=sample)
            for number in chosen
            for sample in range(SAMPLES)
        ]
        played = iter(engine.run(requests, temperature=context.params.rollout.temperature) if requests else [])
        for number in chosen:
            believed[number] = vote(believed[number], [next(played) for _ in range(SAMPLES)])
        voted[cell] = believed
    return voted


def lines_of(cells: Mapping[str, Sequence[Question]], looks: Looks, rule: CdirRule) -> Iterator[Look]:
    """Both answers of every question that was asked again, and which one CDIR believes."""
    for cell, pairs in looks.items():
        asked, believed = set(asked_again(pairs, rule)), arms_of(pairs, rule, seed=0)["calibrated"]
        for number, (question, pair) in enumerate(zip(cells[cell], pairs, strict=True)):
            yield Look(
                cell=cell,
                question_id=question.question_id,
                gold=question.gold_letter,
                first=pair.first.answer.letter,
                first_probs=pair.first.option_probs,
                second=pair.second.answer.letter if pair.second else None,
                second_probs=pair.second.option_probs if pair.second else (),
                asked=number in asked,
                believed=believed[number].answer.letter,
                cases=tuple(one.case.case_id for one in pair.second.cases) if pair.second else (),
            )
