"""Stratify (M13), provisional: one model, direct answers. Questions that it always gets right are dropped; the rest
is easy or hard by its accuracy.

The paper lets two models answer each question 10 times. Here one forward pass gives the distribution over the
options right after a forced `<answer>`, and 10 letters are drawn from it: the same distribution at a tenth of the work.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from medrwr.policy.loading import Policy
from medrwr.rollout.prompting import PromptSource, prompt_contexts
from medrwr.rollout.record import Cut
from medrwr.rollout.scoring import answer_context, option_probs
from medrwr.types import Question

Difficulty = Literal["easy", "hard"]
ROLLOUTS = 10


@dataclass(frozen=True, slots=True)
class Stratified:
    """Questions with their difficulty, and the model's accuracy on each offered question, by id."""

    questions: tuple[Question, ...]
    accuracy: dict[str, float]

    @property
    def dropped(self) -> int:
        """How many were always answered right."""
        return len(self.accuracy) - len(self.questions)

    def count(self, difficulty: Difficulty) -> int:
        """How many are of this difficulty."""
        return sum(question.difficulty == difficulty for question in self.questions)


def direct_answers(policy: Policy, questions: Sequence[Question], *, image_root: Path) -> list[tuple[float, ...]]:
    """Probability of each option when the answer is forced right after the prompt: no thought, no retrieval."""
    sources = [PromptSource(question, image_root, max_turns=0) for question in questions]
    contexts = [answer_context(policy.tokenizer, prompt, (), Cut(0)) for prompt in prompt_contexts(policy, sources)]
    return option_probs(policy, contexts, [len(question.options) for question in questions])


def sampled_accuracy(probs: Sequence[float], gold: int, *, rollouts: int, draw: random.Random) -> float:
    """Share of `rollouts` letters, drawn from `probs`, that are the gold one."""
    letters = draw.choices(range(len(probs)), weights=probs, k=rollouts)
    return letters.count(gold) / rollouts


def stratify(questions: Sequence[Question], accuracy: Sequence[float]) -> Stratified:
    """Drop what was always right; the rest is easy above the median of the remaining accuracies, else hard.

    A question at the median is hard, so that equal accuracies are never split; where all are equal, all are hard.
    """
    by_id = {question.question_id: value for question, value in zip(questions, accuracy, strict=True)}
    kept = [question for question in questions if by_id[question.question_id] < 1]
    median = _median([by_id[question.question_id] for question in kept])
    graded = [replace(q, difficulty="easy" if by_id[q.question_id] > median else "hard") for q in kept]
    return Stratified(tuple(graded), by_id)


def _median(values: Sequence[float]) -> float:
    """The middle one, or the lower of the two in the middle; 0 without values."""
    return sorted(values)[(len(values) - 1) // 2] if values else 0.0
