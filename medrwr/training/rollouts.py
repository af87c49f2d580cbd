"""What TRL's GRPOTrainer calls: our rollouts, and our rewards for them.

TRL hands over the prompts already repeated G times, images inside their content blocks. It wants ids, the ids'
log-probabilities and the mask of M4 back; every further list reaches the reward function. It then runs the
processor again for the training pass, so the prompt ids have to be those of the same messages.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from medrwr.rollout.engine import RolloutEngine, RolloutRequest
from medrwr.training.behaviour import behaviour
from medrwr.training.prompts import question_id_of
from medrwr.types import Question, StopReason, Trajectory

_STEPS, _ROOM = 1_000_003, 4_096  # an upper bound and a distance, so that no two steps share a seed
_ATTEMPTS = 10**15


class Scorer(Protocol):
    """Gives each trajectory its reward parts and their weighted sum, `total` (M20): `medrwr.rewards.RewardMixture`."""

    def score(self, episodes: Sequence[tuple[Question, Trajectory]]) -> Sequence[Mapping[str, float]]:
        """One map of named parts an episode, in order."""


@dataclass(frozen=True, slots=True)
class Rollouts:
    """TRL's `rollout_func`: plays the episodes and scores them while the model is set up for generation.

    The seed of a step's episodes follows from the run's seed and the step, so a resumed run samples what the
    uninterrupted one would have sampled, and two processes what one would have; the engine tells equal requests of one
    step apart.
    """

    engine: RolloutEngine
    scorer: Scorer
    questions: Mapping[str, Question]
    image_root: Path
    temperature: float
    seed: int
    watch: Callable[[int, list[Question], list[Trajectory], Sequence[Mapping[str, float]]], None] | None = None

    def __call__(self, prompts: Sequence[Any], trainer: Any) -> dict[str, Any]:
        """One trajectory a prompt (a list of chat messages), in order."""
        return self.play(prompts, trainer)

    def play(self, prompts: Sequence[Any], trainer: Any, *, attempt: int = 0) -> dict[str, Any]:
        """As the call; a later `attempt` of one step draws other numbers."""
        requests = self._requests([question_id_of(messages) for messages in prompts], trainer, attempt)
        with generating(trainer):
            trajectories = self.engine.run(requests, temperature=self.temperature)
            questions = [request.closed for request in requests]
            scores = self.scorer.score(list(zip(questions, trajectories, strict=True)))
        if self.watch is not None and trajectories:
            self.watch(int(trainer.state.global_step), questions, trajectories, scores)
        return {
            "prompt_ids": [list(t.prompt_ids) for t in trajectories],
            "completion_ids": [list(t.completion_ids) for t in trajectories],
            "logprobs": [list(t.logprobs) for t in trajectories],
            "env_mask": [list(t.env_mask) for t in trajectories],
            "question": questions,
            "trajectory": trajectories,
            "score": scores,
        }

    def _requests(self, ids: Sequence[str], trainer: Any, attempt: int) -> list[RolloutRequest]:
        step = self.seed * _STEPS + int(trainer.state.global_step)
        elsewhere = _played_elsewhere(ids, trainer.accelerator)
        return [
            RolloutRequest(
                question=self.questions[name],
                image_root=self.image_root,
                seed=step * _ROOM + attempt * _ATTEMPTS,
                others=elsewhere[name],
            )
            for name in ids
        ]


def _played_elsewhere(ids: Sequence[str], accelerator: Any) -> Counter[str]:
    """How often the processes before this one play each question: so that any number of processes draws the same."""
    if accelerator.num_processes == 1:
        return Counter()
    from accelerate.utils import gather_object

    everywhere: list[list[str]] = gather_object([list(ids)])
    return Counter(name for each in everywhere[: accelerator.process_index] for name in each)


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
