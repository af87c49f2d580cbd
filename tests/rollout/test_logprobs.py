"""Rollout log-probabilities equal the trainer's forward pass (at most 1e-4 in fp32, images included)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from medrwr.config import RolloutSettings
from medrwr.policy.loading import Policy
from medrwr.rollout import logprobs
from medrwr.rollout.context import ImageInput
from medrwr.rollout.engine import RolloutEngine, RolloutRequest
from medrwr.rollout.logprobs import rollout_logprobs
from medrwr.types import Trajectory
from tests.rollout.world import DictionaryRetriever, question

Played = tuple[list[Trajectory], list[tuple[ImageInput, ...]]]


def play(policy: Policy, image_root: Path, settings: RolloutSettings, *, temperature: float) -> Played:
    """Text and image episodes in one batch, of unequal lengths."""
    requests = [RolloutRequest(question(n % 4, image=n % 2 == 1), image_root, seed=n) for n in range(12)]
    engine = RolloutEngine(policy, DictionaryRetriever(), settings)
    return engine.run(requests, temperature=temperature), [context.images for context in engine.prompts(requests)]


def distance(rollout: Sequence[Trajectory], forward: Sequence[tuple[float, ...]]) -> float:
    pairs = [(t.logprobs, values) for t, values in zip(rollout, forward, strict=True)]
    return max(float(np.abs(np.subtract(own, values)).max()) for own, values in pairs)


@pytest.mark.parametrize(
    ("which", "temperature"),
    [("policy", 1.0), ("policy", 0.7), ("wordy_policy", 1.0), ("unigram_policy", 1.0), ("wordpiece_policy", 1.0)],
)
def test_rollout_and_forward_agree(
    which: str, temperature: float, request: pytest.FixtureRequest, image_root: Path, settings: RolloutSettings
) -> None:
    policy = request.getfixturevalue(which)
    trajectories, images = play(policy, image_root, settings, temperature=temperature)
    assert sum(t.retrieved for t in trajectories) >= 4
    assert distance(trajectories, rollout_logprobs(policy, trajectories, images, temperature=temperature)) < 1e-4


def test_the_check_notices_wrong_positions(
    policy: Policy, image_root: Path, settings: RolloutSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without `mm_token_type_ids` nothing fails, and the numbers are wrong: what the check above is there for."""
    trajectories, images = play(policy, image_root, settings, temperature=1.0)
    complete = logprobs.training_inputs

    def without(*arguments: object) -> dict[str, object]:
        inputs = complete(*arguments)  # type: ignore[arg-type]
        return {name: value for name, value in inputs.items() if name != "mm_token_type_ids"}

    monkeypatch.setattr(logprobs, "training_inputs", without)
    assert distance(trajectories, rollout_logprobs(policy, trajectories, images)) > 1e-3


def test_the_check_notices_swapped_images(policy: Policy, image_root: Path, settings: RolloutSettings) -> None:
    trajectories, images = play(policy, image_root, settings, temperature=1.0)
    rotated = [row for row in images if row]
    rotated = [*rotated[1:], rotated[0]]
    swapped = [rotated.pop(0) if row else row for row in images]
    assert distance(trajectories, rollout_logprobs(policy, trajectories, swapped)) > 1e-3
