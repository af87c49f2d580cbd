"""Going on from a checkpoint: transformers' Trainer does not load what `save_pretrained` has renamed.

It reads the file's tensors and drops, without a word, every one whose name is not the module's. For Qwen2.5-VL that
is the whole language model (saved as `model.layers`, held as `model.language_model.layers`): a resumed run would go
on from the starting weights. Seen with transformers 5.23.0.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from medrwr.training.work import WorkFolder

_ADAPTER = "adapter_config.json"


def resume_point(work: WorkFolder, model: Any) -> str | None:
    """Open the work folder; with a checkpoint in it, give `model` its weights. Returns what `train` resumes from.

    DeepSpeed restores its own copy of the weights afterwards, under the module's own names.
    """
    checkpoint = work.open()
    if checkpoint is None:
        return None
    if not (checkpoint / _ADAPTER).exists():  # adapters are added, and loaded, by the trainer
        restore_weights(model, checkpoint)
    return str(checkpoint)


def restore_weights(model: Any, checkpoint: Path) -> None:
    """Load all weights of a checkpoint into `model`, in place.

    Raises:
        RuntimeError: a weight is missing or of another shape: the checkpoint is of another model.
    """
    saved = type(model).from_pretrained(str(checkpoint), dtype=model.dtype, use_safetensors=True)
    model.load_state_dict(saved.state_dict(), strict=True)
