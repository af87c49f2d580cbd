"""Episodes a second beside the reference's loop, and what the engine's own choices are worth."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from medrwr.config import RolloutSettings
from medrwr.policy.loading import Policy
from medrwr.rollout.backend import Batch, generating
from medrwr.rollout.context import Context
from medrwr.rollout.engine import RolloutEngine, RolloutRequest
from medrwr.types import Trajectory
from tests.benchmarks import reference_loop
from tests.benchmarks.clock import clocked
from tests.rollout.world import DictionaryRetriever, Size, build_policy, draw_images, question

SIZE = Size(width=128, layers=4, steps=60, passages=3, filler=42, imagines=True)  # passages of about 50 words
TURNS = 3
PAPER_TOKENS = 4096


def speed(root: Path, *, small: bool, device: str) -> dict[str, float]:
    """Greedy episodes of image questions: ours and the reference's, at batch 64 and 2."""
    policy = build_policy(draw_images(root), SIZE, device=device)
    plan = ((64, 64 if small else 128), (2, 6 if small else 12))
    figures = beside_reference(policy, root, plan)
    requests = [RolloutRequest(question(n, image=True), root, seed=n) for n in range(2)]
    _, paper = clocked(lambda: reference_play(policy, requests, 2, PAPER_TOKENS))
    figures["reference_a_second_4096_tokens"] = 2 / paper
    return figures | refill(policy, root, small=small) | extension(policy, root)


def beside_reference(policy: Policy, root: Path, plan: Sequence[tuple[int, int]]) -> dict[str, float]:
    """Both ways to play, for each (batch size, episodes)."""
    figures: dict[str, float] = {}
    same = []
    for batch, episodes in plan:
        requests = [RolloutRequest(question(n, image=True), root, seed=n) for n in range(episodes)]
        engine = RolloutEngine(policy, retriever(), RolloutSettings(batch_size=batch, max_turn_tokens=64))
        engine.run(requests[:batch], temperature=0.0)  # warm
        ours, taken = clocked(lambda e=engine, r=requests: e.run(r, temperature=0.0))
        limit = 2 * round(float(np.percentile([len(t.completion_ids) for t in ours], 99)))
        theirs, reference = clocked(lambda r=requests, b=batch, n=limit: reference_play(policy, r, b, n))
        same += agreeing(ours, theirs)
        figures |= {
            f"episodes_a_second_batch_{batch}": episodes / taken,
            f"reference_a_second_batch_{batch}": episodes / reference,
            f"times_reference_batch_{batch}": reference / taken,
            f"sampled_tokens_a_second_batch_{batch}": sum(sum(t.env_mask) for t in ours) / taken,
            f"token_limit_batch_{batch}": limit,
        }
    wasted, generated = sum(p.wasted for p in theirs), sum(p.generated for p in theirs)
    figures["reference_wasted_share"] = wasted / generated
    figures["same_answers"] = sum(same) / len(same) if same else 0.0
    figures["compared_answers"] = len(same)
    return figures


def retriever() -> DictionaryRetriever:
    return DictionaryRetriever(passages=SIZE.passages, filler=SIZE.filler)


def reference_play(
    policy: Policy, requests: Sequence[RolloutRequest], batch: int, limit: int
) -> list[reference_loop.Play]:
    return reference_loop.play(
        policy, retriever(), requests, batch_size=batch, max_turns=TURNS, max_completion_tokens=limit
    )


def agreeing(ours: Sequence[Trajectory], theirs: Sequence[reference_loop.Play]) -> list[bool]:
    """Whether the greedy answers are the same, where both have one."""
    pairs = [(t.answer.letter, p.letter) for t, p in zip(ours, theirs, strict=True)]
    return [own == other for own, other in pairs if own is not None and other is not None]


def refill(policy: Policy, root: Path, *, small: bool) -> dict[str, float]:
    """Sampled episodes in 16 slots: waiting ones enter at once, or when the whole batch has ended."""
    slots, episodes = 16, 48 if small else 96
    requests = [RolloutRequest(question(n, image=n % 2 == 1), root, seed=n) for n in range(episodes)]
    engine = RolloutEngine(policy, retriever(), RolloutSettings(batch_size=slots, max_turn_tokens=64))
    _, refilled = clocked(lambda: engine.run(requests))
    _, waiting = clocked(lambda: [engine.run(requests[n : n + slots]) for n in range(0, episodes, slots)])
    return {"refill_over_waiting": waiting / refilled}


def extension(policy: Policy, root: Path) -> dict[str, float]:
    """The second turn at batch 64: the cache extended by what was inserted, or everything prefilled again."""
    engine = RolloutEngine(policy, retriever(), RolloutSettings())
    asked = [RolloutRequest(question(n, image=True), root) for n in range(64)]
    prompts = engine.prompts(asked)
    inserted = list(range(20, 220))
    longer = [context.extended([30 + n % 200, *inserted]) for n, context in enumerate(prompts)]
    first = [Context((*context.ids, 30 + n % 200), context.images) for n, context in enumerate(prompts)]
    with generating(policy.model):
        batch = Batch(policy, first)
        _, extended = clocked(lambda: batch.advance([inserted] * 64))
        _, prefilled = clocked(lambda: Batch(policy, longer))
    return {"extend_cache_s": extended, "prefill_again_s": prefilled}
