"""Episodes over HTTP, by vLLM's documented schema, equal those in process."""

from __future__ import annotations

from pathlib import Path

import pytest

from medrwr.config import RolloutSettings
from medrwr.errors import ConfigError, GenerationError
from medrwr.policy.loading import Policy
from medrwr.rollout.completions import CompletionsClient
from medrwr.rollout.engine import RolloutEngine, RolloutRequest
from medrwr.rollout.remote import RemoteEngine
from medrwr.types import StopReason
from tests.rollout.completions_server import serving
from tests.rollout.test_engine import Choking
from tests.rollout.world import DictionaryRetriever, question

SETTINGS = RolloutSettings(batch_size=3)


def client(url: str, **changes: object) -> CompletionsClient:
    return CompletionsClient(url, "tiny", top=1000, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("which", ["policy", "wordy_policy"])
def test_greedy_episodes_equal_those_in_process_m4(
    which: str, request: pytest.FixtureRequest, image_root: Path
) -> None:
    """Ids, mask, log-probabilities, confidence and the counterfactual; budgets of 0, 1 and 3 retrievals."""
    policy = request.getfixturevalue(which)
    asked = [RolloutRequest(question(n), image_root, max_turns=turns) for n in range(2) for turns in (0, 1, 3)]
    expected = RolloutEngine(policy, DictionaryRetriever(), SETTINGS).run(asked, temperature=0.0)
    with serving(policy, failures=1) as url:
        played = RemoteEngine(client(url), policy, DictionaryRetriever(), SETTINGS).run(asked, temperature=0.0)
    for own, other in zip(played, expected, strict=True):
        assert own.completion_ids == other.completion_ids
        assert own.env_mask == other.env_mask
        assert own.logprobs == pytest.approx(other.logprobs, abs=1e-4)
        assert (own.stop_reason, own.answer, own.turns) == (other.stop_reason, other.answer, other.turns)
        assert own.extras.get("counterfactual_probs") == pytest.approx(
            other.extras.get("counterfactual_probs"), abs=1e-4
        )
        if own.option_probs:
            assert own.option_probs == pytest.approx(other.option_probs, abs=1e-4)


def test_sampled_episodes_keep_to_the_protocol(policy: Policy, image_root: Path) -> None:
    asked = [RolloutRequest(question(n % 4), image_root, seed=n) for n in range(6)]
    with serving(policy) as url:
        played = RemoteEngine(client(url), policy, DictionaryRetriever(), SETTINGS).run(asked)
    assert [t.question_id for t in played] == [request.question.question_id for request in asked]
    assert all(len(t.completion_ids) == len(t.env_mask) == len(t.logprobs) for t in played)
    assert sum(t.well_formed for t in played) >= 3


def test_a_retrieval_failure_ends_one_episode_only(policy: Policy, image_root: Path) -> None:
    asked = [RolloutRequest(question(n), image_root) for n in range(4)]
    with serving(policy) as url:
        played = RemoteEngine(client(url), policy, Choking(), SETTINGS).run(asked, temperature=0.0)
    assert [t.stop_reason for t in played] == [StopReason.ANSWERED] * 3 + [StopReason.RETRIEVER]


@pytest.mark.parametrize("field", ["token_ids", "logprobs"])
def test_a_server_without_ids_or_logprobs_is_refused_m4(policy: Policy, image_root: Path, field: str) -> None:
    """`transformers serve` is one."""
    with serving(policy, drop=(field,)) as url, pytest.raises(GenerationError, match=f"gives no {field}"):
        RemoteEngine(client(url), policy, None, SETTINGS).run([RolloutRequest(question(0), image_root)])


def test_a_dead_server_is_named(policy: Policy, image_root: Path) -> None:
    engine = RemoteEngine(client("http://127.0.0.1:9", retries=0), policy, None, SETTINGS)
    with pytest.raises(GenerationError, match=r"127\.0\.0\.1:9 did not answer"):
        engine.run([RolloutRequest(question(0), image_root)])


def test_images_are_refused(policy: Policy, image_root: Path) -> None:
    engine = RemoteEngine(client("http://127.0.0.1:9"), policy, None, SETTINGS)
    with pytest.raises(ConfigError, match="generate in process"):
        engine.run([RolloutRequest(question(0, image=True), image_root)])
