"""In which order questions are trained on (M13): easy first, hard later; each difficulty reshuffled when used up."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from medrwr.errors import ArtefactError
from medrwr.types import Question

HARD = "hard"


def training_order(questions: Sequence[Question], *, count: int, seed: int, curriculum: bool) -> list[Question]:
    """`count` questions to train on, one a prompt.

    With `curriculum` the first half of the places goes to questions that are not hard, the second half to hard
    ones; when one of the two is empty, the other has all places. Without, every question is seen once before any
    is seen again.

    Raises:
        ArtefactError: there is no question.
    """
    if not questions:
        raise ArtefactError("no question is left to train on: look at the quarantine and at the curation's metrics")
    hard = [question for question in questions if question.difficulty == HARD]
    easy = [question for question in questions if question.difficulty != HARD]
    draw = random.Random(seed)
    if not curriculum or not hard or not easy:
        return _take(_endless(questions, draw), count)
    first = (count + 1) // 2
    return _take(_endless(easy, draw), first) + _take(_endless(hard, draw), count - first)


def _endless(questions: Sequence[Question], draw: random.Random) -> Iterator[Question]:
    while True:
        shuffled = list(questions)
        draw.shuffle(shuffled)
        yield from shuffled


def _take(source: Iterator[Question], count: int) -> list[Question]:
    return [next(source) for _ in range(count)]
