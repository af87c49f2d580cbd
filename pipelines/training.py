"""What the training stages share: run options, the policy to train, work folders, saving, curves."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel

from medrwr.digests import file_digest, folder_digest
from medrwr.training.curves import History, curve, write_curve
from medrwr.training.trainer_arguments import RunOptions
from medrwr.training.work import WorkFolder, digest_of
from pipelines.opening import checkpoint_of
from pipelines.stage import StageContext

if TYPE_CHECKING:
    from medrwr.policy.loading import Policy

Curves = Mapping[str, Mapping[str, str]]


def open_trainable(context: StageContext, stage: str, *, deepspeed: str | None = None, lora_rank: int = 0) -> Policy:
    """The policy that `stage` left, with float32 weights: small updates vanish in bfloat16.

    DeepSpeed keeps weights of its own, and beside LoRA's adapters, which are float32, the others stay as they are.

    Raises:
        CheckpointError: weights, tokenizer or processor are missing.
    """
    from medrwr.policy.loading import load_policy

    base, model = context.params.base, context.params.base_model
    return load_policy(
        checkpoint_of(context, stage),
        device=base.device,
        dtype=base.dtype if deepspeed or lora_rank else "float32",
        max_pixels=model.max_pixels,
        revision=model.revision if stage == "base" else None,
    )


def run_options(
    context: StageContext, policy: Policy, *, deepspeed: str | None = None, timeout_s: int = 1800
) -> RunOptions:
    """How the trainer runs on this machine; a launcher (torchrun) says how many processes there are."""
    return RunOptions(
        device=policy.device,
        dtype=context.params.base.dtype,
        seed=context.params.base.seed,
        deepspeed=deepspeed,
        processes=int(os.environ.get("WORLD_SIZE", "1")),
        timeout_s=timeout_s,
    )


def work_folder(
    context: StageContext, stage: str, *, previous: str, sections: Sequence[str], files: Sequence[Path]
) -> WorkFolder:
    """Checkpoints of this stage with exactly these parameters, this starting model and these files."""
    checkpoint = Path(checkpoint_of(context, previous))
    revision = str(context.params.base_model.revision)
    inputs = {
        "params": {name: _of_result(getattr(context.params, name)) for name in sections},
        "start": folder_digest(checkpoint) if checkpoint.is_dir() else f"{checkpoint}@{revision}",
        "files": [file_digest(file) for file in files],
    }
    return WorkFolder(context.paths.work(stage), digest_of(inputs))


def _of_result(section: BaseModel) -> dict[str, object]:
    """What a checkpoint depends on: a run that was cut off may go on with another patience or meeting point."""
    return section.model_dump(mode="json", exclude={"collective_timeout_s", "rendezvous"})


def save_trained(context: StageContext, stage: str, policy: Policy) -> None:
    """Write the stage's model in the precision that the parameters ask for."""
    import torch

    from medrwr.policy.loading import save_policy

    policy.model.to(getattr(torch, context.params.base.dtype))
    save_policy(policy, context.paths.model(stage))


def write_curves(context: StageContext, stage: str, history: History, curves: Curves) -> list[Path]:
    """One tidy CSV a plot, in plots/<stage>; a plot of numbers that were never logged is left out."""
    rows = {name: curve(history, series) for name, series in curves.items()}
    folder = context.paths.plots(stage)
    return [write_curve(folder / f"{name}.csv", each) for name, each in rows.items() if each]
