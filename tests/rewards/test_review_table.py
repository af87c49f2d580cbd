"""Each row of reference-review.md's table of rewards: what the released code pays, and what ours does."""

from __future__ import annotations

from typing import Any

import pytest

from medrwr.config import RewardSettings
from medrwr.rewards import EntitySets
from medrwr.rewards.mixture import PROFILES, RewardName
from medrwr.types import StopReason, Trajectory
from tests.rewards.episodes import episode, ids, inputs

ASKED = "<think>I see.</think><query>granular ring</query><retrieve>{}</retrieve>"


def told(answer: str, *, document: str = "A ring is treated with kemopril.", **changes: Any) -> Trajectory:
    """An episode that asked, with its text."""
    text = ASKED.format(document) + f"<think>So.</think><answer>{answer}</answer>"
    return episode(answer, queries=["granular ring"], passages=[document], text=text, **changes)


def paid(profile: str, name: RewardName, made: Trajectory, **given: Any) -> float:
    return PROFILES[profile][name](inputs(made, **given))


@pytest.mark.parametrize(
    ("answer", "released", "right"),
    [
        ("B. kemopril", 5.0, 1.0),
        ("\nB. kemopril\n", 0.0, 1.0),  # no DOTALL
        ("(B)", 0.0, 1.0),
        ("B)", 0.0, 1.0),
        ("B:", 0.0, 1.0),
        ("**B**", 0.0, 1.0),
        ("B. wrong text", 5.0, 0.0),  # letter and text must agree
        ("A. metoral", 0.0, 0.0),
    ],
)
def test_option_parser(answer: str, released: float, right: float) -> None:
    assert paid("released", "accuracy", told(answer)) == released
    assert paid("paper", "accuracy", told(answer)) == right


def test_format_over_retrieved_text() -> None:
    made = told("B. kemopril", document="survival improved (p < 0.05 and n > 3)")
    assert paid("released", "format", made) == 0.0
    assert paid("paper", "format", made) == 2.0
    assert paid("released", "format", told("B. kemopril")) == 3.0


def test_query_semantic_text_never_sees_what_was_retrieved() -> None:
    sets = EntitySets(ids("ring"), ids("ring kemopril"), ids("ring kemopril"))
    assert paid("released", "query_text", told("B"), entities=sets) == 0.5  # 1 entity in 2 words
    assert paid("paper", "query_text", told("B"), entities=sets) == 2.0  # 1/1 + 2/2
    many = EntitySets(ids("a b c d e f"), frozenset(), ids("ring"))
    assert paid("released", "query_text", told("B"), entities=many) == 0.0  # min(1, 6/2) - 1


def test_query_semantic_image_is_a_tenth() -> None:
    assert paid("released", "query_image", told("B"), similarities=((0.2, 0.8),)) == pytest.approx(0.02)
    assert paid("paper", "query_image", told("B"), similarities=((0.2, 0.8),)) == 0.8
    assert paid("paper", "query_image", episode()) == 0.0


@pytest.mark.parametrize("after", [(0.1, 0.7, 0.1, 0.1), (0.7, 0.1, 0.1, 0.1)])
def test_confidence_gain_carries_no_signal(after: tuple[float, ...]) -> None:
    """0 when right and -0.5 when wrong, whatever the probabilities."""
    made = {"after": after, "before": (0.25,) * 4}
    assert paid("released", "confidence", told("B", **made)) == 0.0
    assert paid("released", "confidence", told("A", **made)) == -0.5
    assert (paid("paper", "confidence", told("B", **made)) > 0) == (after[1] > 0.25)


def test_a_missing_answer_is_no_certainty() -> None:
    made = episode("", queries=["ring"], before=(0.25,) * 4, stop=StopReason.LENGTH)
    assert paid("paper", "confidence", made) == 0.0


def test_profiles_have_the_same_rewards() -> None:
    assert {tuple(functions) for functions in PROFILES.values()} == {tuple(PROFILES["paper"])}
    for profile in PROFILES:
        RewardSettings.model_validate({"profile": profile})
