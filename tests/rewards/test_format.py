"""M15, and its rows in reference-review.md."""

from __future__ import annotations

import pytest

from medrwr.rewards.format import format_reward, reference_format_reward
from medrwr.types import StopReason
from tests.rewards.episodes import episode, inputs

ASKED = {"queries": ["granular ring"]}


@pytest.mark.parametrize(
    ("made", "paper", "reference"),
    [
        (episode("B. kemopril"), 1.0, 1.0),  # well-formed, right, without retrieval
        (episode("A. metoral"), 1.0, 1.0),  # well-formed, wrong
        (episode("B. kemopril", **ASKED), 2.0, 3.0),  # retrieved and right
        (episode("A. metoral", **ASKED), 1.0, 1.0),  # retrieved and wrong
        (episode("B. kemopril", stop=StopReason.FORCED, **ASKED), 2.0, 3.0),  # the budget was spent: no fault
        (episode("B. metoral", **ASKED), 0.0, 0.0),  # letter and text disagree: names no option
        (episode("", **ASKED), 0.0, 0.0),
        (episode("A. metoral B. kemopril C. tarvenol D. sorimab", **ASKED), 0.0, 0.0),  # lists all
        (episode("B", stop=StopReason.MALFORMED, **ASKED), 0.0, 0.0),
        (episode("B", stop=StopReason.LENGTH), 0.0, 0.0),
        (episode("B", stop=StopReason.EOS), 0.0, 0.0),
        (episode("B", stop=StopReason.FORCED, think_cut=True), 0.0, 0.0),  # the environment closed its thought
        (episode("B", thought="a\n\n\nb"), 1.0, 0.0),  # the reference deducts 1 for a run of line breaks
        (episode("B", stop=StopReason.EOS, thought="a\n\n\nb"), 0.0, -1.0),
    ],
)
def test_format_m15_m21(made: object, paper: float, reference: float) -> None:
    assert format_reward(inputs(made)) == paper  # type: ignore[arg-type]
    assert reference_format_reward(inputs(made)) == reference  # type: ignore[arg-type]


def test_a_document_does_not_void_it() -> None:
    """The reference's `[^<>]*` also ran over retrieved text."""
    made = episode("B", queries=["ring"], passages=["p < 0.05 </answer>\n\n\n\n"])
    assert format_reward(inputs(made)) == 2.0
    assert reference_format_reward(inputs(made)) == 3.0
