"""What SFT and GRPO ask of TRL's trainers alike: quiet, offline, deterministic, on the policy's device."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class RunOptions:
    """Where and how a trainer runs; everything that is not its algorithm.

    `dtype` is that of the matrix products: with bfloat16 the weights stay in float32 (an update of 1e-6 would be
    lost in bfloat16) and the trainer casts, or DeepSpeed does. `processes` is how many a launcher started;
    `timeout_s` is how long they wait for each other.
    """

    device: str
    dtype: str
    seed: int
    deepspeed: str | None = None
    processes: int = 1
    timeout_s: int = 1800


def common_arguments(options: RunOptions, output: Path) -> dict[str, Any]:
    """Keyword arguments that SFTConfig and GRPOConfig share; `output` receives the checkpoints."""
    return {
        "output_dir": str(output),
        "use_cpu": options.device == "cpu",
        "bf16": options.dtype == "bfloat16",
        "fp16": False,
        "seed": options.seed,
        "data_seed": options.seed,
        "deepspeed": options.deepspeed,
        "ddp_timeout": options.timeout_s,
        "report_to": "none",
        "disable_tqdm": True,
        "log_level": "error",
        "logging_steps": 1,
        "save_total_limit": 1,
        "push_to_hub": False,
        "remove_unused_columns": False,
        "dataloader_num_workers": 0,
        "dataloader_pin_memory": options.device != "cpu",
        "max_grad_norm": 1.0,
        "weight_decay": 0.0,
    }
