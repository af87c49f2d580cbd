"""M19."""

from __future__ import annotations

import math

import pytest

from medrwr.rewards.confidence import confidence_reward, reference_confidence_reward
from medrwr.types import StopReason
from tests.rewards.episodes import episode, inputs

ASKED = {"queries": ["ring"]}
CHANCE = (0.25, 0.25, 0.25, 0.25)


def gain(after: tuple[float, ...], before: tuple[float, ...], answer: str = "B", **settings: object) -> float:
    return confidence_reward(inputs(episode(answer, after=after, before=before, **ASKED), **settings))  # type: ignore[arg-type]


def test_the_gain_in_log_probability_of_the_gold_option_m19() -> None:
    assert gain((0.2, 0.5, 0.2, 0.1), CHANCE) == pytest.approx(math.log(0.5 / 0.25))  # .693
    assert gain((0.3, 0.2, 0.3, 0.2), (0.1, 0.4, 0.3, 0.2), answer="A") == pytest.approx(math.log(0.2 / 0.4))


def test_it_is_clipped_unless_in_the_papers_profile_m19() -> None:
    assert gain((0.0, 1.0, 0.0, 0.0), CHANCE) == 1.0  # log 4 = 1.386
    assert gain((0.0, 1.0, 0.0, 0.0), CHANCE, confidence_clip=None) == pytest.approx(math.log(4))
    assert gain((1.0, 0.0, 0.0, 0.0), CHANCE) == -1.0


@pytest.mark.parametrize(
    "made",
    [
        episode("B", after=CHANCE),  # no retrieval
        episode("B. metoral", after=(0.1, 0.7, 0.1, 0.1), before=CHANCE, **ASKED),  # names no option
        episode("", before=CHANCE, **ASKED),  # no answer: the reference took probability 1
        episode("B", stop=StopReason.MALFORMED, after=(0.1, 0.7, 0.1, 0.1), before=CHANCE, **ASKED),
        episode("B", after=(0.1, 0.7, 0.1, 0.1), **ASKED),  # the environment's query: nothing to compare with
    ],
)
def test_no_retrieval_or_no_answer_gives_nothing_m19(made: object) -> None:
    assert confidence_reward(inputs(made)) == 0.0  # type: ignore[arg-type]
    assert reference_confidence_reward(inputs(made)) == 0.0  # type: ignore[arg-type]


def test_a_first_thought_that_misleads_gains_nothing_over_an_ignorant_one() -> None:
    after = (0.1, 0.5, 0.2, 0.2)
    misleading = (0.97, 0.01, 0.01, 0.01)
    assert gain(after, misleading) == gain(after, CHANCE)
    assert gain(after, misleading, guards=False) == 1.0


def test_the_references_numbers_m21() -> None:
    right = episode("B", after=(0.2, 0.5, 0.2, 0.1), before=CHANCE, **ASKED)
    assert reference_confidence_reward(inputs(right)) == pytest.approx(0.1 * math.log(2))
    # wrong: the gold option rose from rank 3 to rank 1
    wrong = episode("A", after=(0.5, 0.3, 0.1, 0.1), before=(0.4, 0.1, 0.3, 0.2), **ASKED)
    assert reference_confidence_reward(inputs(wrong)) == pytest.approx(0.05 * 2)
