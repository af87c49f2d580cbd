"""Worked examples: one episode each, in the shape that a page or a terminal shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from medrwr.evaluation.scorer import Verdict
from medrwr.types import LETTERS, Question, Trajectory

RIGHT_FROM_PASSAGE = "right, from what it retrieved"
RIGHT_WITH_CASE = "right, after a similar case was added"
RIGHT_OTHERWISE = "right, although no passage named the answer"
WRONG_DESPITE_PASSAGE = "wrong, although a passage named the answer"
WRONG_WITHOUT_PASSAGE = "wrong, no passage named the answer"
IMPROVED = "improved: right now, wrong after SFT"
GOT_WORSE = "got worse: wrong now, right after SFT"
NO_ANSWER = "no answer that could be read"
KINDS = (
    RIGHT_FROM_PASSAGE,
    RIGHT_WITH_CASE,
    WRONG_DESPITE_PASSAGE,
    WRONG_WITHOUT_PASSAGE,
    RIGHT_OTHERWISE,
    NO_ANSWER,
)


@dataclass(frozen=True, slots=True)
class Source:
    """A retrieved passage."""

    passage_id: str
    title: str
    text: str
    score: float


@dataclass(frozen=True, slots=True)
class Step:
    """A thought, and what was asked and found."""

    think: str
    query: str | None
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class SimilarCase:
    """An image case that re-retrieval added (M26)."""

    case_id: str
    image: str
    caption: str
    similarity: float


@dataclass(frozen=True, slots=True)
class Example:
    """One question and its episode. `confidence` is calibrated where `calibrated` is true."""

    question_id: str
    cell: str
    why: str
    question: str
    options: tuple[str, ...]
    images: tuple[str, ...]
    steps: tuple[Step, ...]
    answer: str
    gold: str
    correct: bool
    confidence: float | None
    calibrated: bool
    cases: tuple[SimilarCase, ...] = ()


@dataclass(frozen=True, slots=True)
class Answered:
    """A question with its episode, its verdict, and the calibrated confidence where there is one."""

    question: Question
    trajectory: Trajectory
    verdict: Verdict
    cell: str
    calibrated: float | None = None


def worked_example(answered: Answered, why: str) -> Example:
    """One episode as an example; `why` says what it shows."""
    question, trajectory, verdict = answered.question, answered.trajectory, answered.verdict
    steps = tuple(
        Step(
            turn.think,
            turn.query,
            tuple(
                Source(found.passage.passage_id, found.passage.title, found.passage.text, float(found.score))
                for found in turn.passages
            ),
        )
        for turn in trajectory.turns
    )
    cases = tuple(
        SimilarCase(found.case.case_id, found.case.image, found.case.caption, float(found.score))
        for found in trajectory.cases
    )
    return Example(
        question_id=question.question_id,
        cell=answered.cell,
        why=why,
        question=question.text,
        options=question.options,
        images=question.images,
        steps=steps,
        answer=_answer(question, verdict.letter),
        gold=_answer(question, question.gold_letter),
        correct=verdict.correct,
        confidence=verdict.confidence if answered.calibrated is None else answered.calibrated,
        calibrated=answered.calibrated is not None,
        cases=cases,
    )


def what_happened(answered: Answered) -> str:
    """What an episode is an example of: each belongs to one kind."""
    verdict = answered.verdict
    if not verdict.parsed:
        return NO_ANSWER
    if verdict.correct:
        if answered.trajectory.cases:
            return RIGHT_WITH_CASE
        return RIGHT_FROM_PASSAGE if verdict.gold_retrieved else RIGHT_OTHERWISE
    return WRONG_DESPITE_PASSAGE if verdict.gold_retrieved else WRONG_WITHOUT_PASSAGE


def pick_examples(answered: Sequence[Answered], *, each: int = 1) -> list[Example]:
    """The first `each` episodes of every kind, good and bad; a kind that did not happen is left out."""
    return [
        worked_example(item, kind)
        for kind in KINDS
        for item in [item for item in answered if what_happened(item) == kind][:each]
    ]


def pick_changes(before: Sequence[Verdict], now: Sequence[Answered], *, each: int = 2) -> list[Example]:
    """The first `each` episodes whose verdict changed for the better, and for the worse."""
    earlier = {verdict.question_id: verdict.correct for verdict in before}
    known = [item for item in now if item.verdict.question_id in earlier]
    picked = []
    for why, was in ((IMPROVED, False), (GOT_WORSE, True)):
        changed = [i for i in known if i.verdict.correct != was and earlier[i.verdict.question_id] == was]
        picked += [worked_example(item, why) for item in changed[:each]]
    return picked


def _answer(question: Question, letter: str | None) -> str:
    return f"{letter}. {question.options[LETTERS.index(letter)]}" if letter else "none"
