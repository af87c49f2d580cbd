"""What the two GRPO stages share (M23): open, order, train, save, report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from medrwr.config import GrpoSettings
from medrwr.records import write_text_atomic
from medrwr.rewards.mixture import weights_of
from medrwr.rollout.engine import RolloutEngine
from medrwr.rollout.page import render_page
from medrwr.sinks import TraceSink
from medrwr.training.curves import History, last_mean
from medrwr.training.grpo import CURVES, GrpoTask, train_grpo
from medrwr.training.order import training_order
from medrwr.training.watching import Watcher
from medrwr.types import Question
from pipelines.launching import be_alone, is_first
from pipelines.opening import image_root_of, open_passages
from pipelines.rewarding import open_mixture
from pipelines.stage import StageContext, StageResult
from pipelines.training import open_trainable, run_options, save_trained, work_folder, write_curves

if TYPE_CHECKING:
    from medrwr.policy.loading import Policy

_LAST_STEPS = 10
_FINAL = {
    "reward": "reward/total",
    "accuracy": "accuracy",
    "validity": "validity",
    "parse_rate": "parse_rate",
    "query_rate": "query_rate",
    "hit_rate": "hit_rate",
    "turns": "turns",
    "sampled_tokens": "sampled_tokens",
    "entropy": "policy_entropy",
    "groups_without_spread": "frac_reward_zero_std",
}


@dataclass(frozen=True, slots=True)
class GrpoStage:
    """One of the two stages: what it starts from, what it trains on, and in which order."""

    name: str
    previous: str
    settings: GrpoSettings
    questions: Sequence[Question]
    quarantined: int
    curriculum: bool
    files: tuple[Path, ...]


def run_grpo(context: StageContext, stage: GrpoStage) -> StageResult:
    """Train from the previous stage's model and save models/<stage>; a killed run goes on when called again.

    With `enabled: false` the previous stage's model is passed on as it is.
    """
    if not stage.settings.enabled:
        return _pass_on(context, stage)
    deepspeed = _deepspeed_file(context, stage.settings)
    if deepspeed:
        be_alone()
    policy = open_trainable(context, stage.previous, deepspeed=deepspeed, lora_rank=stage.settings.lora_rank)
    work = work_folder(
        context,
        stage.name,
        previous=stage.previous,
        sections=("base", "base_model", "rollout", "rewards", stage.name),
        files=(*stage.files, context.paths.index_manifest),
    )
    watcher = Watcher(context.sink if isinstance(context.sink, TraceSink) else None, stage.settings.trace_every)
    history = train_grpo(
        policy,
        _task(context, stage, policy, watcher),
        stage.settings,
        options=run_options(context, policy, deepspeed=deepspeed, timeout_s=stage.settings.collective_timeout_s),
        work=work,
        sink=context.sink,
    )
    if not is_first():
        return StageResult({}, "trained along")
    save_trained(context, stage.name, policy)
    write_curves(context, stage.name, history, _curves(history))
    write_text_atomic(context.paths.rollouts(stage.name), _page(stage, watcher))
    work.remove()
    return _result(context, stage, history)


def _pass_on(context: StageContext, stage: GrpoStage) -> StageResult:
    context.paths.plots(stage.name).mkdir(parents=True, exist_ok=True)
    save_trained(context, stage.name, open_trainable(context, stage.previous))
    headline = f"skipped: the model of {stage.previous} goes on"
    return StageResult({"steps": 0}, headline, (context.paths.model(stage.name),))


def _page(stage: GrpoStage, watcher: Watcher) -> str:
    """The last step's rollouts; none are there to show when a killed run had only its model to save."""
    return render_page(f"{stage.name}: the rollouts of its last step", watcher.last_groups())


def _task(context: StageContext, stage: GrpoStage, policy: Policy, watcher: Watcher) -> GrpoTask:
    params, settings = context.params, stage.settings
    engine = RolloutEngine(
        policy,
        open_passages(context),
        params.rollout,
        confidence_vocabulary=params.rewards.confidence_vocabulary,
    )
    order = training_order(
        stage.questions,
        count=settings.steps * settings.prompts_per_step,
        seed=params.base.seed,
        curriculum=stage.curriculum,
    )
    return GrpoTask(
        questions=order,
        image_root=image_root_of(context),
        max_turns=params.rollout.max_turns,
        max_completion_tokens=params.rollout.max_completion_tokens,
        engine=engine,
        scorer=open_mixture(context, settings.rewards),
        weights={name: weights_of(params.rewards)[name] for name in settings.rewards},
        reserve=stage.questions,
        watcher=watcher,
    )


def _curves(history: History) -> dict[str, Mapping[str, str]]:
    """The fixed curves, with one series a reward part in the first."""
    parts = {name: name.removeprefix("reward/") for name in history[0] if name.startswith("reward/")}
    return {**CURVES, "reward": parts}


def _result(context: StageContext, stage: GrpoStage, history: History) -> StageResult:
    metrics: dict[str, float] = {name: last_mean(history, logged, steps=_LAST_STEPS) for name, logged in _FINAL.items()}
    parts = [name for name in history[0] if name.startswith("reward/") and name != "reward/total"]
    metrics |= {name.replace("/", "_"): last_mean(history, name, steps=_LAST_STEPS) for name in parts}
    metrics |= {
        "steps": len(history),
        "rollouts": len(history) * stage.settings.prompts_per_step * stage.settings.num_generations,
        "first_accuracy": float(history[0]["accuracy"]),
        "retriever_failures": sum(float(entry["retriever_failures"]) for entry in history),
        "questions": len(stage.questions),
        "quarantined": stage.quarantined,
    }
    headline = (
        f"sampled accuracy {metrics['first_accuracy']:.2f} -> {metrics['accuracy']:.2f}, query rate "
        f"{metrics['query_rate']:.2f}, well formed {metrics['validity']:.2f} "
        f"(last {min(_LAST_STEPS, len(history))} of {len(history)} steps)"
    )
    return StageResult(metrics, headline, (context.paths.model(stage.name), context.paths.rollouts(stage.name)))


def _deepspeed_file(context: StageContext, settings: GrpoSettings) -> str | None:
    """`settings.deepspeed` names a file of infra/deepspeed, with or without its ending."""
    if settings.deepspeed is None:
        return None
    from medrwr.errors import ConfigError

    path = context.paths.root / "infra/deepspeed" / settings.deepspeed
    path = path if path.suffix == ".json" else path.with_suffix(".json")
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in path.parent.glob("*.json"))) or "none"
        raise ConfigError(f"deepspeed is {settings.deepspeed!r}, expected a file of infra/deepspeed (there: {known})")
    return str(path)
