"""What a GRPO step costs beside the sum of its parts, each done alone on as many episodes of the same questions.

The trainer leaves rows without an advantage out of its training pass; here it keeps them all, as the parts do.
"""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import torch

from medrwr.config import GrpoSettings, RolloutSettings
from medrwr.rollout.context import ImageInput
from medrwr.rollout.engine import RolloutEngine, RolloutRequest
from medrwr.rollout.logprobs import training_inputs
from medrwr.sinks import NullSink
from medrwr.training.grpo import GrpoTask, train_grpo
from medrwr.training.sparing import SparingTrainer
from medrwr.training.trainer_arguments import RunOptions
from medrwr.training.work import WorkFolder
from medrwr.types import Trajectory
from tests.benchmarks.clock import now
from tests.benchmarks.grpo_run import VowelScorer
from tests.rollout.world import DictionaryRetriever, Size, build_policy, draw_images, question

SIZE = Size(width=128, layers=4, steps=40, passages=3, filler=42)


class Waiting(DictionaryRetriever):
    """Counts the time that it is asked for."""

    seconds = 0.0

    def search_batch(self, queries: Any, *, k: int | None = None) -> Any:
        start = now()
        found = super().search_batch(queries, k=k)
        self.seconds += now() - start
        return found


def step_cost(root: Path, *, small: bool, device: str) -> dict[str, float]:
    """Medians over steps of 8 prompts x 8 rollouts with images (4 x 4 when small)."""
    side, steps = (4, 3) if small else (8, 6)
    policy = build_policy(draw_images(root), SIZE, device=device)
    retriever, scorer = Waiting(passages=3, filler=SIZE.filler), VowelScorer()
    engine = RolloutEngine(policy, retriever, RolloutSettings())
    questions = [question(n, image=True) for n in range(side * steps)]
    settings = GrpoSettings(
        steps=steps, num_generations=side, prompts_per_step=side, learning_rate=1e-5, save_steps=10_000, alarms="off"
    )
    durations: list[float] = []
    original, spares = SparingTrainer.training_step, SparingTrainer.spares

    def timed(self: Any, *args: Any, **kwargs: Any) -> Any:
        start = now()
        result = original(self, *args, **kwargs)
        durations.append(now() - start)
        return result

    SparingTrainer.training_step = timed  # type: ignore[method-assign]
    SparingTrainer.spares = property(lambda _: False)  # type: ignore[method-assign, assignment]
    begin = now()
    try:
        train_grpo(
            policy,
            GrpoTask(questions, root, 3, 448, engine, scorer),
            settings,
            options=RunOptions(device, "float32", 5),
            work=WorkFolder(root / "work", "inputs"),
            sink=NullSink(),
        )
    finally:
        SparingTrainer.training_step = original  # type: ignore[method-assign]
        SparingTrainer.spares = spares  # type: ignore[method-assign]
    whole = now() - begin
    parts = alone(policy, engine, scorer, retriever, [q for q in questions[:side] for _ in range(side)], root)
    optimiser = parts["optimiser_s"]
    step = sorted(durations)[len(durations) // 2] + optimiser  # `training_step` ends before the optimiser's step
    return {
        "step_s": step,
        **parts,
        "step_over_its_parts": step / sum(parts.values()),
        "trainer_start_and_end_s": whole - sum(durations) - steps * optimiser,
    }


def alone(policy: Any, engine: Any, scorer: Any, retriever: Waiting, asked: list[Any], root: Path) -> dict[str, float]:
    """Seconds of each part on one step's episodes; the median of three."""
    requests = [RolloutRequest(q, root, seed=1) for q in asked]
    rounds: list[dict[str, float]] = []
    optimizer = torch.optim.AdamW(policy.model.parameters(), lr=1e-5)
    for _ in range(3):
        retriever.seconds = 0.0
        clock = [now()]
        played = engine.run(requests, temperature=1.0)
        clock.append(now())
        scores = scorer.score(list(zip(asked, played, strict=True)))
        clock.append(now())
        images = [image for context in engine.prompts(requests) for image in context.images]
        policy.model.train()
        loss = _loss(policy, played, images, [score["total"] for score in scores])
        clock.append(now())
        loss.backward()
        clock.append(now())
        torch.nn.utils.clip_grad_norm_(policy.model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        clock.append(now())
        policy.model.eval()
        spans = [after - before for before, after in itertools.pairwise(clock)]
        rounds.append(
            {
                "generate_s": spans[0] - retriever.seconds,
                "retrieve_s": retriever.seconds,
                "reward_s": spans[1],
                "forward_s": spans[2],
                "backward_s": spans[3],
                "optimiser_s": spans[4],
            }
        )
    return {name: sorted(each[name] for each in rounds)[1] for name in rounds[0]}


def _loss(policy: Any, played: list[Trajectory], images: list[ImageInput], rewards: list[float]) -> torch.Tensor:
    """One forward pass and GRPO's loss at ratio 1, on all rows."""
    inputs = training_inputs(policy, [[*t.prompt_ids, *t.completion_ids] for t in played], images)
    longest = max(len(t.completion_ids) for t in played)
    logits = policy.model(**inputs, use_cache=False, logits_to_keep=longest + 1).logits[:, :-1].float()
    logprobs = torch.log_softmax(logits, -1).gather(2, inputs["input_ids"][:, -longest:, None])[..., 0]
    kept = [[0] * (longest - len(t.env_mask)) + list(t.env_mask) for t in played]
    mask = torch.tensor(kept, device=logprobs.device)
    advantages = torch.tensor(rewards, device=logprobs.device) - sum(rewards) / len(rewards)
    ratio = (logprobs - logprobs.detach()).exp()
    return -(ratio * advantages[:, None] * mask).sum() / mask.sum()
