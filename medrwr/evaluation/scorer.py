"""The scorer: answers against gold letters. An answer that could not be parsed is wrong, and counted.

Letters only, by the one parser of `medrwr.rollout.protocol`: no nearest string, no random choice, no substring.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from medrwr.errors import SampleError
from medrwr.types import LETTERS, Question, StopReason, Trajectory

Rollout = Callable[[Sequence[Question]], Sequence[Trajectory]]
"""Answers questions, one trajectory each, in their order: an engine in production, plain records in tests."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One question answered, and judged. `cluster` is its fact, or the question itself when it has none."""

    question_id: str
    cluster: str
    gold: str
    letter: str | None
    correct: bool
    parsed: bool
    confidence: float | None
    queries: int
    forced: bool
    gold_retrieved: bool
    """A retrieved passage contains the gold option's text, whole words, whatever the case."""
    choice: str | None = None
    """The most probable letter after `<answer>`, whatever was then written; None without an answer block."""


@dataclass(frozen=True, slots=True)
class Score:
    """Sums over verdicts; rates in [0, 1]."""

    questions: int
    right: int
    accuracy: float
    parse_rate: float
    query_rate: float
    forced_rate: float
    gold_retrieved_rate: float
    mean_confidence: float | None


def judge(question: Question, trajectory: Trajectory) -> Verdict:
    """Judge one trajectory; a letter that the question does not have counts as not parsed.

    Raises:
        SampleError: the trajectory answers another question.
    """
    if trajectory.question_id != question.question_id:
        raise SampleError(
            f"trajectory of {trajectory.question_id!r} for question {question.question_id!r}: "
            "a rollout returns one trajectory for each question, in their order"
        )
    letter = trajectory.answer.letter
    parsed = letter is not None and letter in question.letters
    return Verdict(
        question_id=question.question_id,
        cluster=question.fact_id or question.question_id,
        gold=question.gold_letter,
        letter=letter if parsed else None,
        correct=parsed and letter == question.gold_letter,
        parsed=parsed,
        confidence=trajectory.confidence if parsed else None,
        queries=len(trajectory.queries),
        forced=trajectory.stop_reason is StopReason.FORCED,
        gold_retrieved=mentions([found.passage.text for found in trajectory.passages], question.gold_text),
        choice=_choice(trajectory),
    )


def judge_all(questions: Sequence[Question], trajectories: Sequence[Trajectory]) -> list[Verdict]:
    """Judge trajectories in the order of their questions.

    Raises:
        SampleError: numbers differ, a trajectory answers another question, or a question id occurs twice.
    """
    if len(questions) != len(trajectories):
        raise SampleError(
            f"{len(trajectories)} trajectories for {len(questions)} questions: "
            "a rollout returns one trajectory for each question, in their order"
        )
    seen: set[str] = set()
    for question in questions:
        if question.question_id in seen:
            raise SampleError(f"question id {question.question_id!r} occurs twice: give each question an id of its own")
        seen.add(question.question_id)
    return [judge(question, trajectory) for question, trajectory in zip(questions, trajectories, strict=True)]


def by_choice(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """The same verdicts, each read as its most probable letter: never the score, but the fair comparison with an arm
    that writes what is no option (a policy without retrieval invents a drug; its letter is then still a guess).
    """
    return [
        replace(
            verdict, letter=verdict.choice, parsed=verdict.choice is not None, correct=verdict.choice == verdict.gold
        )
        for verdict in verdicts
    ]


def summarise(verdicts: Sequence[Verdict]) -> Score:
    """Rates over verdicts.

    Raises:
        SampleError: there are none.
    """
    if not verdicts:
        raise SampleError("0 answers to score, expected at least 1: check the questions of this cell")
    total = len(verdicts)
    confidences = [verdict.confidence for verdict in verdicts if verdict.confidence is not None]
    right = sum(verdict.correct for verdict in verdicts)
    return Score(
        questions=total,
        right=right,
        accuracy=right / total,
        parse_rate=sum(verdict.parsed for verdict in verdicts) / total,
        query_rate=sum(verdict.queries > 0 for verdict in verdicts) / total,
        forced_rate=sum(verdict.forced for verdict in verdicts) / total,
        gold_retrieved_rate=sum(verdict.gold_retrieved for verdict in verdicts) / total,
        mean_confidence=sum(confidences) / len(confidences) if confidences else None,
    )


def _choice(trajectory: Trajectory) -> str | None:
    probs = trajectory.option_probs
    return LETTERS[max(range(len(probs)), key=probs.__getitem__)] if probs else None


def mentions(texts: Sequence[str], wanted: str) -> bool:
    """Whether a text contains `wanted`, whole words, whatever the case."""
    pattern = re.compile(rf"(?<!\w){re.escape(wanted)}(?!\w)", re.IGNORECASE)
    return any(pattern.search(text) for text in texts)
