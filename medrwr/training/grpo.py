"""GRPO (M22, Shao et al. 2024, arXiv:2402.03300): TRL's GRPOTrainer on our rollouts and rewards.

One generation an optimizer step, so every sample is on-policy and the ratio starts at 1. Deviations that TRL's
defaults would bring in are switched off by name: truncated episodes stay in the loss (an episode may rightly end on
`</answer>` without an end-of-turn token), rewards are summed before they are normalised.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medrwr.config import GrpoSettings
from medrwr.errors import ConfigError
from medrwr.policy.loading import Policy
from medrwr.rollout.engine import RolloutEngine
from medrwr.sinks import MetricSink
from medrwr.training.prompts import prompt_rows
from medrwr.training.resuming import resume_point
from medrwr.training.rollouts import Rollouts, Scorer, total
from medrwr.training.trainer_arguments import RunOptions, common_arguments
from medrwr.training.work import WorkFolder
from medrwr.types import Question

CURVES = {
    "reward": {"reward/total": "total"},
    "accuracy": {"accuracy": "accuracy", "hit_rate": "gold retrieved"},
    "validity": {"parse_rate": "answer parsed", "validity": "well formed", "forced_rate": "answer forced"},
    "retrieval": {"query_rate": "query rate", "turns": "turns"},
    "length": {"sampled_tokens": "sampled", "inserted_tokens": "inserted"},
    "entropy": {"policy_entropy": "entropy"},
    "spread": {"frac_reward_zero_std": "groups without spread"},
    "optimisation": {"grad_norm": "gradient norm", "kl": "KL"},
}


@dataclass(frozen=True, slots=True)
class GrpoTask:
    """What is trained on: questions in training order (one a prompt), and who plays and scores their episodes."""

    questions: Sequence[Question]
    image_root: Path
    max_turns: int
    max_completion_tokens: int
    engine: RolloutEngine
    scorer: Scorer


def train_grpo(
    policy: Policy, task: GrpoTask, settings: GrpoSettings, *, options: RunOptions, work: WorkFolder, sink: MetricSink
) -> list[Mapping[str, float]]:
    """Train `policy.model` in place; returns the trainer's log, one entry a step.

    Goes on from the work folder's last checkpoint when there is one; the caller removes the folder once the
    trained policy is saved.

    Raises:
        ConfigError: the batch cannot be cut in equal parts.
        ArtefactError: text and image questions are mixed.
    """
    from transformers import PrinterCallback

    from medrwr.training.callbacks import SinkCallback
    from medrwr.training.sparing import SparingTrainer

    checkpoint = resume_point(work, policy.model)
    rollouts = Rollouts(
        engine=task.engine,
        scorer=task.scorer,
        questions={question.question_id: question for question in task.questions},
        image_root=task.image_root,
        temperature=settings.temperature,
        seed=options.seed,
    )
    warnings.filterwarnings("ignore", message=".*'rollout_func', which is an experimental feature")
    trainer = SparingTrainer(
        model=policy.model,
        reward_funcs=total,
        args=grpo_arguments(settings, options, work.path, max_completion_tokens=task.max_completion_tokens),
        train_dataset=prompt_rows(task.questions, image_root=task.image_root, max_turns=task.max_turns),
        processing_class=policy.processor,
        rollout_func=rollouts,
        callbacks=[SinkCallback(sink, "GRPO")],
    )
    trainer.remove_callback(PrinterCallback)
    trainer.train(resume_from_checkpoint=checkpoint)
    policy.model.eval()
    return [entry for entry in trainer.state.log_history if "reward" in entry]


def grpo_arguments(settings: GrpoSettings, options: RunOptions, output: Path, *, max_completion_tokens: int) -> Any:
    """TRL's GRPOConfig of our settings; the dataset's order is ours, so TRL does not shuffle it."""
    from trl.trainer.grpo_config import GRPOConfig

    return GRPOConfig(
        **common_arguments(options, output),
        max_steps=settings.steps,
        per_device_train_batch_size=rows_a_device(settings, processes=options.processes),
        gradient_accumulation_steps=settings.gradient_accumulation_steps,
        num_generations=settings.num_generations,
        max_completion_length=max_completion_tokens,
        learning_rate=settings.learning_rate,
        warmup_steps=settings.warmup_ratio,
        lr_scheduler_type="linear",
        gradient_checkpointing=settings.gradient_checkpointing,
        beta=settings.beta,
        epsilon=settings.epsilon,
        epsilon_high=settings.epsilon_high,
        loss_type=settings.loss_type,
        temperature=settings.temperature,
        top_k=0,
        top_p=1.0,
        scale_rewards="group",
        multi_objective_aggregation="sum_then_normalize",
        mask_truncated_completions=False,
        shuffle_dataset=False,
        save_strategy="steps",
        save_steps=settings.save_steps,
    )


def rows_a_device(settings: GrpoSettings, *, processes: int) -> int:
    """Rollouts that one process trains on at a time.

    Raises:
        ConfigError: prompts x generations is not a multiple of processes x accumulation.
    """
    rows = settings.prompts_per_step * settings.num_generations
    parts = processes * settings.gradient_accumulation_steps
    if rows % parts:
        raise ConfigError(
            f"prompts_per_step x num_generations is {rows}, expected a multiple of processes x "
            f"gradient_accumulation_steps = {parts}: change one of the four"
        )
    return rows // parts
