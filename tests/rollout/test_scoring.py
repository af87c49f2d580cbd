"""M19, M25: confidence at the first position after `<answer>`."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch

from medrwr.config import RolloutSettings
from medrwr.policy.loading import Policy
from medrwr.rollout.confidence import temper
from medrwr.rollout.engine import RolloutEngine, RolloutRequest
from medrwr.rollout.record import Cut
from medrwr.rollout.scoring import LetterTable, answer_context, counterfactual_probs, cut_of, option_probs
from tests.rollout.world import DictionaryRetriever, question


def logits_of(policy: Policy, weights: dict[str, float]) -> torch.Tensor:
    """Logits whose softmax is proportional to `weights` (by the token's text), and nothing elsewhere."""
    logits = torch.full((len(policy.tokenizer),), -60.0)
    for text, weight in weights.items():
        (token,) = policy.tokenizer.encode(text, add_special_tokens=False)
        logits[token] = math.log(weight)
    return logits


def test_both_spellings_are_summed_and_the_rest_left_out_m25(policy: Policy) -> None:
    logits = logits_of(policy, {"A": 1, "B": 2, " B": 3, "x": 6})
    table = LetterTable(policy.tokenizer)
    # of the options: A 1, B 2 + 3: together 6
    assert table.option_probs(logits, 2) == pytest.approx((1 / 6, 5 / 6), abs=1e-7)
    # of the whole vocabulary: 12
    assert table.option_probs(logits, 2, vocabulary="full") == pytest.approx((1 / 12, 5 / 12), abs=1e-7)


@pytest.mark.parametrize("which", ["policy", "wordy_policy"])
def test_what_is_read_in_passing_is_what_a_pass_of_its_own_gives_m19_m25(
    which: str, request: pytest.FixtureRequest, image_root: Path, settings: RolloutSettings
) -> None:
    policy = request.getfixturevalue(which)
    requests = [RolloutRequest(question(n % 4, image=n % 2 == 1), image_root) for n in range(8)]
    engine = RolloutEngine(policy, DictionaryRetriever(), settings)
    trajectories, prompts = engine.run(requests), engine.prompts(requests)
    own = counterfactual_probs(policy, prompts, trajectories, [4] * 8)
    assert sum(bool(row) for row in own) >= 4
    for trajectory, row in zip(trajectories, own, strict=True):
        assert trajectory.extras.get("counterfactual_probs", []) == pytest.approx(list(row), abs=1e-5)
    for trajectory, prompt in zip(trajectories, prompts, strict=True):
        cut = cut_of(trajectory, "answer_cut")
        if cut is not None:
            context = answer_context(policy.tokenizer, prompt, trajectory.completion_ids, cut)
            assert trajectory.option_probs == pytest.approx(option_probs(policy, [context], [4])[0], abs=1e-5)


def test_the_counterfactual_knows_nothing_of_what_was_retrieved_m19(
    policy: Policy, image_root: Path, settings: RolloutSettings
) -> None:
    """Other passages, same counterfactual."""

    class Empty(DictionaryRetriever):
        def find(self, query: str) -> tuple:  # type: ignore[type-arg]
            return ()

    request = [RolloutRequest(question(2), image_root)]
    with_passages = RolloutEngine(policy, DictionaryRetriever(), settings).run(request, temperature=0.0)[0]
    without = RolloutEngine(policy, Empty(), settings).run(request, temperature=0.0)[0]
    assert with_passages.text != without.text
    assert with_passages.extras["counterfactual_probs"] == without.extras["counterfactual_probs"]


def test_a_merged_letter_is_scored_behind_a_tag_of_its_own(engine: RolloutEngine, image_root: Path) -> None:
    request = RolloutRequest(question(1), image_root)
    (context,) = engine.prompts([request])
    (episode,) = engine._episodes([request])
    episode.record.insert("<think>I see a hazy nodule.</think>")
    episode.answer_cut = Cut(len(episode.record.ids))
    engine._score_merged([episode])
    expected = answer_context(engine.policy.tokenizer, context, episode.record.ids, episode.answer_cut)
    assert episode.option_probs == option_probs(engine.policy, [expected], [4])[0]


def test_temperature_by_hand() -> None:
    # sqrt(.8) : sqrt(.2) = 2 : 1
    assert temper((0.8, 0.2), 2.0) == pytest.approx((2 / 3, 1 / 3))
    assert temper((0.8, 0.1), 1.0) == (0.8, 0.1)
    assert temper((1.0, 0.0), 0.5) == pytest.approx((1.0, 0.0))
