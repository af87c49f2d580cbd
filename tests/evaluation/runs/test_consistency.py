"""The same questions in several orders of their options (M31)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from medrwr.errors import SampleError
from medrwr.evaluation.ladder import Resampling
from medrwr.evaluation.runs.answered import Answered, answered_closed
from medrwr.evaluation.runs.consistency import consistency_of
from medrwr.types import Question
from pipelines.benchmarking.ordering import shuffled
from tests.evaluation.fakes import question, trajectory

RESAMPLING = Resampling(samples=100)


def answer(asked: Question, text: str | None) -> Answered:
    """`asked`, answered by the option that reads `text`."""
    letter = None if text is None else "ABCDEFGHIJ"[asked.options.index(text)]
    return answered_closed("b", asked, trajectory(asked, letter), asked.question_id)


def test_m31_an_answer_that_follows_the_text_is_consistent_and_one_that_follows_the_letter_is_not() -> None:
    """Of four: right in both; wrong, the same text; always A, whatever it says; read in one order only: 2, and 1."""
    first = [question(number) for number in range(4)]
    second = [shuffled(one, 2) for one in first]
    follower = second[2] if second[2].options[0] != first[2].options[0] else _other(first[2])
    answered = [
        [
            answer(first[0], first[0].gold_text),
            answer(first[1], _wrong(first[1])),
            answer(first[2], first[2].options[0]),
            answer(first[3], first[3].gold_text),
        ],
        [
            answer(second[0], first[0].gold_text),
            answer(second[1], _wrong(first[1])),
            answer(follower, follower.options[0]),
            answer(second[3], None),
        ],
    ]
    found = consistency_of(answered, RESAMPLING)
    assert (found.same.estimate, found.always_right.estimate, found.orders) == (0.5, 0.25, 2)
    assert sum(found.letters.values()) == 7
    assert found.accuracies[0] >= 0.5


def test_m31_another_order_keeps_question_and_answer() -> None:
    for number in range(20):
        asked = question(number)
        other = shuffled(asked, 2)
        assert other.options != asked.options
        assert sorted(other.options) == sorted(asked.options)
        assert (other.gold_text, other.question_id) == (asked.gold_text, asked.question_id)
        assert shuffled(asked, 2) == other
    two = replace(question(1), options=("yes", "no"), answer=0)
    assert shuffled(two, 2).options == ("no", "yes")
    assert shuffled(two, 3).options == ("no", "yes")


def test_one_order_or_no_common_question_is_told() -> None:
    asked = question(1)
    with pytest.raises(SampleError, match="1 order of options, expected at least 2"):
        consistency_of([[answer(asked, asked.gold_text)]], RESAMPLING)
    with pytest.raises(SampleError, match="0 questions were answered in all of 2 orders"):
        consistency_of([[answer(asked, asked.gold_text)], []], RESAMPLING)


def _wrong(asked: Question) -> str:
    return next(option for option in asked.options if option != asked.gold_text)


def _other(asked: Question) -> Question:
    return next(one for order in range(3, 30) if (one := shuffled(asked, order)).options[0] != asked.options[0])
