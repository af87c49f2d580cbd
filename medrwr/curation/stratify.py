"""Stratify (M13): what every policy always gets right is dropped; the rest is easy or hard by accuracy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from medrwr.curation.answering import Tally
from medrwr.errors import ConfigError
from medrwr.types import Question

Difficulty = Literal["easy", "hard"]
BINS = 10


@dataclass(frozen=True, slots=True)
class Stratified:
    """Questions with their difficulty, and the policies' accuracy on each offered question, by id."""

    questions: tuple[Question, ...]
    accuracy: dict[str, float]

    @property
    def dropped(self) -> int:
        """How many were always answered right."""
        return len(self.accuracy) - len(self.questions)

    def count(self, difficulty: Difficulty) -> int:
        """How many are of this difficulty."""
        return sum(question.difficulty == difficulty for question in self.questions)


def pooled_accuracy(tallies: Mapping[str, Sequence[Tally]]) -> list[float]:
    """Of each question, the share of right answers among those of all policies (by name); 1 is always right.

    Raises:
        ConfigError: there is no policy.
    """
    if not tallies:
        raise ConfigError("no policy is named: stratify wants one at least, the paper takes two")
    return [
        sum(tally.right for tally in own) / sum(tally.played for tally in own)
        for own in zip(*tallies.values(), strict=True)
    ]


def stratify(questions: Sequence[Question], accuracy: Sequence[float]) -> Stratified:
    """Drop what was always right; the rest is easy above the median of the remaining accuracies, else hard.

    A question at the median is hard, so that equal accuracies are never split; where all are equal, all are hard.
    """
    by_id = {question.question_id: value for question, value in zip(questions, accuracy, strict=True)}
    kept = [question for question in questions if by_id[question.question_id] < 1]
    median = _median([by_id[question.question_id] for question in kept])
    graded = [replace(q, difficulty="easy" if by_id[q.question_id] > median else "hard") for q in kept]
    return Stratified(tuple(graded), by_id)


def histogram(accuracy: Sequence[float]) -> list[int]:
    """Questions by tenth of accuracy, [0, .1) first; what is always right is a bin of its own, the eleventh."""
    counts = [0] * (BINS + 1)
    for value in accuracy:
        counts[int(value * BINS + 1e-9)] += 1
    return counts


def _median(values: Sequence[float]) -> float:
    """The middle one, or the lower of the two in the middle; 0 without values."""
    return sorted(values)[(len(values) - 1) // 2] if values else 0.0
