"""Open and save a policy: any image-text-to-text checkpoint, from a folder or a hub."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medrwr.errors import CheckpointError
from medrwr.policy.precision import exact_head

_NEEDED = {
    "weights (*.safetensors)": ("*.safetensors",),
    "model config (config.json)": ("config.json",),
    "tokenizer (tokenizer.json)": ("tokenizer.json", "vocab.json"),
    "processor (preprocessor_config.json or processor_config.json)": (
        "preprocessor_config.json",
        "processor_config.json",
    ),
}


@dataclass(frozen=True, slots=True)
class Policy:
    """A model with the processor and tokenizer that belong to it. The types are transformers' own."""

    model: Any
    processor: Any
    tokenizer: Any
    checkpoint: str
    device: str
    dtype: str


def check_checkpoint(folder: Path) -> None:
    """Verify that a local checkpoint is complete.

    Raises:
        CheckpointError: naming what is missing; pickled weights do not count (safetensors only).
    """
    if not folder.is_dir():
        raise CheckpointError(f"checkpoint {folder} is not a folder: run the stage that makes it (`dvc repro`)")
    missing = [what for what, globs in _NEEDED.items() if not any(any(folder.glob(g)) for g in globs)]
    if missing:
        raise CheckpointError(
            f"checkpoint {folder} lacks {', '.join(missing)}: save model and processor with save_pretrained, "
            "or fetch it again"
        )


def resolve_device(device: str) -> str:
    """'auto' becomes 'cuda' where there is one, else 'cpu'."""
    import torch

    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    return device


def load_policy(
    checkpoint: str | Path,
    *,
    device: str = "cpu",
    dtype: str = "float32",
    max_pixels: int | None = None,
    revision: str | None = None,
) -> Policy:
    """Load weights, tokenizer and processor.

    Args:
        checkpoint: a folder, or a model's name on a hub.
        max_pixels: upper limit for the pixels of one image after resizing (262,144 in the paper's profile).

    Raises:
        CheckpointError: the checkpoint is incomplete or cannot be opened.
    """
    import torch
    from safetensors import SafetensorError
    from transformers import AutoModelForImageTextToText, AutoProcessor

    if Path(checkpoint).exists():
        check_checkpoint(Path(checkpoint))
    target = resolve_device(device)
    try:
        processor = AutoProcessor.from_pretrained(str(checkpoint), revision=revision)
        model: Any = AutoModelForImageTextToText.from_pretrained(
            str(checkpoint), revision=revision, dtype=getattr(torch, dtype), use_safetensors=True
        )
    except (OSError, ValueError, SafetensorError) as error:
        raise CheckpointError(
            f"checkpoint {str(checkpoint)!r} cannot be opened ({error}): give a folder with safetensors, or a hub name "
            "that this machine can reach"
        ) from error
    if max_pixels is not None:
        limit_pixels(processor, max_pixels)
    processor.tokenizer.padding_side = "left"
    model.to(target).eval()
    exact_head(model)
    return Policy(model, processor, processor.tokenizer, str(checkpoint), target, dtype)


def limit_pixels(processor: Any, max_pixels: int) -> None:
    """Set the largest image that the processor hands to the vision tower."""
    size = dict(processor.image_processor.size)
    smallest = min(int(size.get("shortest_edge", 3136)), max_pixels)
    processor.image_processor.size = {"shortest_edge": smallest, "longest_edge": max_pixels}


def save_policy(policy: Policy, folder: Path) -> None:
    """Write model (safetensors), tokenizer and processor, so that `load_policy` opens them again."""
    folder.mkdir(parents=True, exist_ok=True)
    policy.model.save_pretrained(folder, safe_serialization=True)
    policy.processor.save_pretrained(folder)
