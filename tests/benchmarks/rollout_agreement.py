"""How far the log-probabilities of rollouts are from those of the trainer's forward pass (M4)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from medrwr.config import RolloutSettings
from medrwr.policy.loading import Policy, load_policy, save_policy
from medrwr.rollout.cdir import CdirRule, reretrieve
from medrwr.rollout.context import open_image, prepare_images
from medrwr.rollout.engine import RolloutEngine, RolloutRequest
from medrwr.rollout.logprobs import rollout_logprobs
from medrwr.types import ImageCase, ScoredCase
from tests.rollout.families import FAMILIES
from tests.rollout.world import DictionaryRetriever, build_policy, draw_images, question


class Cases:
    """One similar case for each image: another of the world's images."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def search_batch(self, images: Sequence[object], *, k: int | None = None) -> list[tuple[ScoredCase, ...]]:
        return [(ScoredCase(ImageCase("c", "1.png", "A hazy nodule."), 0.9),) for _ in images]

    def load_image(self, case: ImageCase) -> object:
        return open_image(self.root / case.image)


def agreement(root: Path, *, small: bool, device: str) -> dict[str, float]:
    """Largest differences, in nats: every family, text and image prompts, in fp32 and bf16; an image mid-way."""
    draw_images(root)
    figures: dict[str, float] = {}
    for family in FAMILIES[:2] if small else FAMILIES:
        policy, name = build_policy(root, family=family, device=device), family.replace(" ", "_")
        figures[f"logprob_fp32_{name}"] = float(differences(policy, root).max())
        if family == "bpe":
            figures["logprob_fp32_image_midway"] = midway(policy, root)
        save_policy(policy, root / name)
        narrow = load_policy(root / name, device=device, dtype="bfloat16")
        figures[f"logprob_bf16_{name}"] = float(differences(narrow, root).max())
    return figures


def play(policy: Policy, root: Path) -> tuple[RolloutEngine, list[RolloutRequest]]:
    """Text and image prompts in one batch, of unequal lengths, with slots that are refilled."""
    requests = [RolloutRequest(question(n % 4, image=n % 2 == 1), root, seed=n) for n in range(16)]
    return RolloutEngine(policy, DictionaryRetriever(), RolloutSettings(batch_size=6)), requests


def differences(policy: Policy, root: Path) -> np.ndarray:
    """Of each sampled token."""
    engine, requests = play(policy, root)
    played = engine.run(requests)
    forward = rollout_logprobs(policy, played, [context.images for context in engine.prompts(requests)])
    return np.concatenate([np.abs(np.subtract(t.logprobs, own)) for t, own in zip(played, forward, strict=True)])


def midway(policy: Policy, root: Path) -> float:
    """Image re-retrieval (M26): an image in the middle of the completion."""
    engine, requests = play(policy, root)
    asked = [request for request in requests if request.question.images]
    played = engine.run(asked)
    again = reretrieve(engine, asked, played, Cases(root), CdirRule(threshold=1.01), temperature=1.0)
    pairs = [(c.images, r.second) for c, r in zip(engine.prompts(asked), again, strict=True) if r.second is not None]
    assert len(pairs) >= 4, "too few answers to retrieve for again"
    picture = prepare_images(policy, [open_image(root / "1.png")])[0]
    forward = rollout_logprobs(policy, [second for _, second in pairs], [(*own, picture) for own, _ in pairs])
    far = [
        float(np.abs(np.subtract(second.logprobs, own)).max()) for (_, second), own in zip(pairs, forward, strict=True)
    ]
    return max(far)
