"""What TRL's GRPOTrainer calls: our rollouts, and our rewards for them.

TRL hands over the prompts already repeated G times, images inside their content blocks. It wants ids, the ids'
log-probabilities and the mask of M4 back; every further list reaches the reward function. It then runs the
processor again for the training pass, so the prompt ids have to be those of the same messages.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from medrwr.rollout.engine import RolloutEngine, RolloutRequest
from medrwr.training.behaviour import behaviour
from medrwr.training.prompts import question_id_of
from medrwr.types import Question, StopReason, Trajectory

_STEPS, _PROCESSES = 1_000_003, 4_096  # upper bounds, so that no two steps or processes share a seed
_ATTEMPTS = 10**15


class Scorer(Protocol):
    """Gives each trajectory its reward parts and their weighted sum, `total` (M20): `medrwr.rewards.RewardMixture`."""

    def score(self, episodes: Sequence[tuple[Question, Trajectory]]) -> Sequence[Mapping[str, float]]:
        """One map of named parts an episode, in order."""


@dataclass(frozen=True, slots=True)
class Rollouts:
    """TRL's `rollout_func`: plays the episodes and scores them while the model is set up for generation.

    The seed of a step's episodes follows from the run's seed and the step, so a resumed run samples what the
    uninterrupted one would have sampled; the engine tells equal requests of one step apart.
    """

    engine: RolloutEngine
    scorer: Scorer
    questions: Mapping[str, Question]
    image_root: Path
    temperature: float
    seed: int

    def __call__(self, prompts: Sequence[Any], trainer: Any) -> dict[str, Any]:
        """One trajectory a prompt (a list of chat messages), in order."""
        return self.play(prompts, trainer)

    def play(self, prompts: Sequence[Any], trainer: Any, *, attempt: int = 0) -> dict[str, Any]:
        """As the call; a later `attempt` of one step draws other numbers."""
        requests = [self._request(messages, trainer, attempt) for messages in prompts]
        with generating(trainer):
            trajectories = self.engine.run(requests, temperature=self.temperature)
            questions = [request.question for request in requests]
            scores = self.scorer.score(list(zip(questions, trajectories, strict=True)))
        return {
            "prompt_ids": [list(t.prompt_ids) for t in trajectories],
            "completion_ids": [list(t.completion_ids) for t in trajectories],
            "logprobs": [list(t.logprobs) for t in trajectories],
            "env_mask": [list(t.env_mask) for t in trajectories],
            "question": questions,
            "trajectory": trajectories,
            "score": scores,
        }

    def _request(self, messages: Sequence[dict[str, Any]], trainer: Any, attempt: int = 0) -> RolloutRequest:
        question = self.questions[question_id_of(messages)]
        step = self.seed * _STEPS + int(trainer.state.global_step)
        seed = step * _PROCESSES + int(trainer.accelerator.process_index) + attempt * _ATTEMPTS
        return RolloutRequest(question=question, image_root=self.image_root, seed=seed)


@contextmanager
def generating(trainer: Any) -> Iterator[None]:
    """The trainer's model as a generator: unwrapped, whole, in evaluation mode, in the trainer's precision."""
    import torch
    from trl.models.utils import unwrap_model_for_generation

    model = trainer.model
    with (
        unwrap_model_for_generation(trainer.model_wrapped, trainer.accelerator),
        torch.no_grad(),
        trainer.accelerator.autocast(),
    ):
        model.eval()
        try:
            yield
        finally:
            model.train()


def total(
    *,
    question: Sequence[Question],
    trajectory: Sequence[Trajectory],
    score: Sequence[Mapping[str, float]],
    log_metric: Any,
    replaced: Sequence[float] = (),
    **_others: Any,
) -> list[float | None]:
    """TRL's reward function: the mixture's total (M20); None, and so no advantage, where the retriever failed."""
    for part in score[0]:
        log_metric(f"reward/{part}", sum(each[part] for each in score) / len(score))
    for name, value in behaviour(question, trajectory).items():
        log_metric(name, value)
    if replaced:
        log_metric("groups_replaced", replaced[0])
    return [
        None if t.stop_reason is StopReason.RETRIEVER else each["total"]
        for t, each in zip(trajectory, score, strict=True)
    ]
