"""Questions answered in words: the same episodes, without options, letters or confidence (M2, M28)."""

from __future__ import annotations

from pathlib import Path

import pytest

from medrwr.datasets.benchmarks.record import OpenQuestion
from medrwr.errors import QuestionError
from medrwr.policy.prompts import build_messages
from medrwr.rollout.engine import RolloutEngine, RolloutRequest
from medrwr.types import StopReason
from tests.rollout.world import question


def opened(number: int, *, image: bool = False) -> OpenQuestion:
    known = question(number, image=image)
    return OpenQuestion(f"o{number}", known.text, (known.gold_text,), known.images)


def test_the_prompt_asks_for_words_and_lists_no_option() -> None:
    for turns in (0, 3):
        system, user = (block["content"][-1]["text"] for block in build_messages(opened(0), max_turns=turns))
        assert system.endswith("Give the answer in a few words inside <answer> tags.")
        assert user == opened(0).text
        closed, listed = (block["content"][-1]["text"] for block in build_messages(question(0), max_turns=turns))
        assert closed.endswith("Give letter and text of the right option inside <answer> tags.")
        assert listed.startswith(f"{user}\nA. ")


def test_open_and_closed_questions_share_a_batch(engine: RolloutEngine, image_root: Path) -> None:
    """The policy was taught closed questions: whatever it writes, the episode keeps to the protocol, and the closed
    ones are answered as they are alone."""
    closed = [RolloutRequest(question(n), image_root) for n in range(2)]
    mixed = [
        closed[0],
        RolloutRequest(opened(0), image_root),
        closed[1],
        RolloutRequest(opened(1, image=True), image_root),
    ]
    played = engine.run(mixed, temperature=0.0)
    assert [played[0].answer, played[2].answer] == [one.answer for one in engine.run(closed, temperature=0.0)]
    for one in (played[1], played[3]):
        assert (one.answer.letter, one.confidence, one.option_probs) == (None, None, ())
        assert "counterfactual_probs" not in one.extras
        if one.stop_reason is StopReason.ANSWERED:
            assert one.answer.text
            assert f"<answer>{one.answer.raw}" in one.text or one.answer.raw in one.text


def test_an_answer_at_once_is_in_words_too(engine: RolloutEngine, image_root: Path) -> None:
    (one,) = engine.run([RolloutRequest(opened(2), image_root, answer_at_once=True)], temperature=0.0)
    assert (one.option_probs, one.confidence, one.answer.letter) == ((), None, None)


def test_what_needs_options_says_so(image_root: Path) -> None:
    assert RolloutRequest(question(0), image_root).closed == question(0)
    with pytest.raises(QuestionError, match="'o0' is open, expected options"):
        _ = RolloutRequest(opened(0), image_root).closed
