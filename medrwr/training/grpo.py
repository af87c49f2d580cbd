"""GRPO (M22, Shao et al. 2024, arXiv:2402.03300): TRL's GRPOTrainer on our rollouts and rewards.

One generation an optimizer step, so every sample is on-policy and the ratio starts at 1. Deviations that TRL's
defaults would bring in are switched off by name: truncated episodes stay in the loss (an episode may rightly end on
`</answer>` without an end-of-turn token), rewards are summed before they are normalised.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from medrwr.config import GrpoSettings
from medrwr.errors import CollapseError, ConfigError
from medrwr.policy.loading import Policy
from medrwr.rollout.engine import RolloutEngine
from medrwr.sinks import MetricSink
from medrwr.training.adapters import lora_config, merge
from medrwr.training.aggregation import Decoupled
from medrwr.training.deepspeed_state import check_state, state_arguments
from medrwr.training.dynamic import DynamicSampling
from medrwr.training.prompts import prompt_rows
from medrwr.training.resuming import resume_point
from medrwr.training.rollouts import Rollouts, Scorer, total
from medrwr.training.sharded import make_whole
from medrwr.training.trainer_arguments import RunOptions, common_arguments
from medrwr.training.waiting import bound_waits, waiting_explained
from medrwr.training.watching import Watcher
from medrwr.training.work import WorkFolder
from medrwr.types import Question

if TYPE_CHECKING:
    from medrwr.training.alarms import CollapseAlarm

CURVES = {
    "reward": {"reward/total": "total"},
    "accuracy": {"accuracy": "accuracy", "hit_rate": "gold retrieved"},
    "validity": {"parse_rate": "answer parsed", "validity": "well formed", "forced_rate": "answer forced"},
    "retrieval": {"query_rate": "query rate", "turns": "turns"},
    "length": {"sampled_tokens": "sampled", "inserted_tokens": "inserted"},
    "entropy": {"policy_entropy": "entropy"},
    "spread": {"frac_reward_zero_std": "groups without spread", "groups_replaced": "groups replaced"},
    "optimisation": {"grad_norm": "gradient norm", "kl": "KL"},
}


@dataclass(frozen=True, slots=True)
class GrpoTask:
    """What is trained on: questions in training order (one a prompt), and who plays and scores their episodes.

    Attributes:
        weights: of the scorer's parts, for `aggregation: gdpo`.
        reserve: questions that dynamic sampling may put in the place of others.
        watcher: told of each step's trajectories.
    """

    questions: Sequence[Question]
    image_root: Path
    max_turns: int
    max_completion_tokens: int
    engine: RolloutEngine
    scorer: Scorer
    weights: Mapping[str, float] = field(default_factory=dict)
    reserve: Sequence[Question] = ()
    watcher: Watcher | None = None


def train_grpo(
    policy: Policy, task: GrpoTask, settings: GrpoSettings, *, options: RunOptions, work: WorkFolder, sink: MetricSink
) -> list[Mapping[str, float]]:
    """Train `policy.model` in place; returns the trainer's log, one entry a step.

    Goes on from the work folder's last checkpoint when there is one; the caller removes the folder once the
    trained policy is saved.

    Raises:
        ConfigError: the batch cannot be cut in equal parts, or DeepSpeed is asked for and was left out.
        ArtefactError: text and image questions are mixed.
        EngineError: the processes that train together lost each other; the work folder keeps the last checkpoint.
        CollapseError: an alarm stopped the training; the work folder keeps the last good checkpoint.
    """
    from transformers import PrinterCallback

    from medrwr.training.alarms import CollapseAlarm
    from medrwr.training.callbacks import SinkCallback
    from medrwr.training.sparing import SparingTrainer

    bound_waits(options)
    checkpoint = resume_point(work, policy.model)
    rollouts = Rollouts(
        engine=task.engine,
        scorer=task.scorer,
        questions={question.question_id: question for question in [*task.questions, *task.reserve]},
        image_root=task.image_root,
        temperature=settings.temperature,
        seed=options.seed,
        watch=task.watcher,
    )
    exchange = _exchange(task, settings, rollouts)
    alarm = None if settings.alarms == "off" else CollapseAlarm(settings.alarms)
    warnings.filterwarnings("ignore", message=".*'rollout_func', which is an experimental feature")
    trainer = SparingTrainer(
        model=policy.model,
        reward_funcs=total,
        args=grpo_arguments(settings, options, work.path, max_completion_tokens=task.max_completion_tokens),
        train_dataset=prompt_rows(task.questions, image_root=task.image_root, max_turns=task.max_turns),
        processing_class=policy.processor,
        rollout_func=exchange or rollouts,
        callbacks=[SinkCallback(sink, "GRPO"), *([alarm] if alarm else [])],
        peft_config=lora_config(settings.lora_rank),
    )
    check_state(trainer, options)
    trainer.exchange = exchange
    trainer.decoupled = _decoupled(task, settings)
    trainer.remove_callback(PrinterCallback)
    with waiting_explained(options):
        trainer.train(resume_from_checkpoint=checkpoint)
    _check_alarm(alarm, settings, work)
    merge(trainer.model)
    make_whole(policy.model)
    policy.model.eval()
    return [entry for entry in trainer.state.log_history if "reward" in entry]


def _exchange(task: GrpoTask, settings: GrpoSettings, rollouts: Rollouts) -> DynamicSampling | None:
    if settings.dynamic_sampling_rounds == 0 or not task.reserve:
        return None
    rows = prompt_rows(task.reserve, image_root=task.image_root, max_turns=task.max_turns)
    return DynamicSampling(
        rollouts, task.reserve, rows, rounds=settings.dynamic_sampling_rounds, group=settings.num_generations
    )


def _decoupled(task: GrpoTask, settings: GrpoSettings) -> Decoupled | None:
    if settings.aggregation == "sum":
        return None
    return Decoupled(task.weights, floor=settings.gdpo_floor, group=settings.num_generations)


def _check_alarm(alarm: CollapseAlarm | None, settings: GrpoSettings, work: WorkFolder) -> None:
    if alarm is None or not alarm.message:
        return
    if settings.alarms == "stop":
        raise CollapseError(
            f"the policy collapsed: {alarm.message}. Its last good checkpoint is in {work.path}: lower the learning "
            "rate or raise beta, and start again; or set `alarms: warn`"
        )
    warnings.warn(f"the policy may have collapsed: {alarm.message}", stacklevel=2)


def grpo_arguments(settings: GrpoSettings, options: RunOptions, output: Path, *, max_completion_tokens: int) -> Any:
    """TRL's GRPOConfig of our settings; the dataset's order is ours, so TRL does not shuffle it."""
    from trl.trainer.grpo_config import GRPOConfig

    return GRPOConfig(
        **common_arguments(options, output) | state_arguments(options),
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
        # gdpo: rewards have mean 0 in each group already, and the batch's spread scales their sum
        scale_rewards="group" if settings.aggregation == "sum" else "batch",
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
