"""M16."""

from __future__ import annotations

from dataclasses import replace

import pytest

from medrwr.rewards.accuracy import accuracy_reward, reference_accuracy_reward
from medrwr.rollout.protocol import parse_answer
from medrwr.types import Question, StopReason
from tests.rewards.episodes import episode, inputs


@pytest.mark.parametrize(
    ("answer", "paper", "reference"),
    [
        ("B. kemopril", 1.0, 5.0),
        ("\nB. kemopril\n", 1.0, 5.0),
        ("(B)", 1.0, 4.0),  # the letter alone: 4 in the reference's numbers
        ("B:", 1.0, 4.0),
        ("**B**", 1.0, 4.0),
        ("B. wrong text", 0.0, 0.0),  # full marks in the reference
        ("A. metoral", 0.0, 0.0),
        ("", 0.0, 0.0),
        ("A, B, C, D", 0.0, 0.0),
    ],
)
def test_accuracy_m16_m21(answer: str, paper: float, reference: float) -> None:
    assert accuracy_reward(inputs(episode(answer))) == paper
    assert reference_accuracy_reward(inputs(episode(answer))) == reference


def test_gold_text_that_begins_like_a_letter() -> None:
    """The reference read the gold text "A subdural hematoma" as option A, and a right letter scored 0."""
    question = Question("q", "What is it?", ("A fracture", "A subdural hematoma"), 1)
    for answer, reward in (("B. A subdural hematoma", 1.0), ("B", 1.0), ("A. A fracture", 0.0), ("A", 0.0)):
        made = replace(episode(), answer=parse_answer(answer, question.options))
        assert accuracy_reward(inputs(made, question=question)) == reward


def test_an_answer_without_the_protocol_is_still_right_or_wrong() -> None:
    assert accuracy_reward(inputs(episode("B", stop=StopReason.FORCED, think_cut=True))) == 1.0
