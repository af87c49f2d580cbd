"""LoRA (Hu et al. 2021, arXiv:2106.09685): a small part of the parameters is trained, and merged into the rest."""

from __future__ import annotations

from typing import Any

# The language model's matrices; the vision tower stays as it is.
TARGETS = r".*language_model.*\.(q_proj|k_proj|v_proj|o_proj|gate_proj|up_proj|down_proj)"


def lora_config(rank: int) -> Any:
    """The configuration for peft, or None for rank 0 (all parameters are trained)."""
    if rank == 0:
        return None
    from peft import LoraConfig

    return LoraConfig(
        r=rank, lora_alpha=2 * rank, lora_dropout=0.0, bias="none", target_modules=TARGETS, task_type="CAUSAL_LM"
    )


def merge(model: Any) -> None:
    """Put trained adapters into the weights of the model that they were added to, in place; none, nothing."""
    if hasattr(model, "merge_and_unload"):
        model.merge_and_unload()
