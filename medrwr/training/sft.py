"""SFT cold start (M24): TRL's SFTTrainer on demonstrations whose passages the real retriever gave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medrwr.config import SftSettings
from medrwr.errors import ArtefactError
from medrwr.policy.loading import Policy
from medrwr.sinks import MetricSink
from medrwr.training.collator import EpisodeCollator, Rows
from medrwr.training.demonstrations import Episode
from medrwr.training.resuming import resume_point
from medrwr.training.trainer_arguments import RunOptions, common_arguments
from medrwr.training.work import WorkFolder

CURVES = {
    "loss": {"loss": "loss"},
    "token_accuracy": {"mean_token_accuracy": "token_accuracy"},
    "entropy": {"entropy": "entropy"},
}


@dataclass(frozen=True, slots=True)
class SftTask:
    """What is trained: episodes, where their images lie, and the prompt's number of turns."""

    episodes: Sequence[Episode]
    image_root: Path
    max_turns: int


def train_sft(
    policy: Policy, task: SftTask, settings: SftSettings, *, options: RunOptions, work: WorkFolder, sink: MetricSink
) -> list[Mapping[str, float]]:
    """Train `policy.model` in place; returns the trainer's log, one entry a step.

    Goes on from the work folder's last checkpoint when there is one; the caller removes the folder once the
    trained policy is saved.

    Raises:
        ArtefactError: there is no episode to train on.
    """
    from datasets import Dataset
    from transformers import PrinterCallback
    from trl.trainer.sft_trainer import SFTTrainer

    from medrwr.training.callbacks import SinkCallback

    if not task.episodes:
        raise ArtefactError("no demonstration is left to train on: look at the retriever, or set sft.enabled to false")
    checkpoint = resume_point(work, policy.model)
    rows = Rows(policy, task.image_root, task.max_turns).build(task.episodes)
    trainer = SFTTrainer(
        model=policy.model,
        args=_arguments(settings, options, work.path),
        train_dataset=Dataset.from_list(rows),
        data_collator=EpisodeCollator(policy),
        processing_class=policy.processor,
        callbacks=[SinkCallback(sink, "SFT")],
    )
    trainer.remove_callback(PrinterCallback)
    trainer.train(resume_from_checkpoint=checkpoint)
    policy.model.eval()
    return [entry for entry in trainer.state.log_history if "loss" in entry]


def _arguments(settings: SftSettings, options: RunOptions, output: Path) -> Any:
    from trl.trainer.sft_config import SFTConfig

    return SFTConfig(
        **common_arguments(options, output),
        num_train_epochs=settings.epochs,
        learning_rate=settings.learning_rate,
        per_device_train_batch_size=settings.batch_size,
        warmup_steps=settings.warmup_ratio,
        lr_scheduler_type="linear",
        gradient_checkpointing=False,
        save_strategy="epoch",
        max_length=None,
        dataset_kwargs={"skip_prepare_dataset": True},
    )
