"""DeepSpeed on CPU processes: accelerate's state is made here, before the trainer makes one without it.

Told to use the CPU, accelerate leaves DeepSpeed out without a word; not told so, it finds no backend and takes each
process for the only one. Seen with transformers 5.23.0 and accelerate 1.15.0.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from medrwr.errors import ConfigError
from medrwr.training.trainer_arguments import RunOptions


def state_arguments(options: RunOptions) -> dict[str, Any]:
    """What the trainer's arguments need for it; nothing where accelerate does right by itself."""
    if options.deepspeed is None or options.device != "cpu":
        return {}
    from accelerate.state import AcceleratorState, PartialState
    from accelerate.utils import patch_environment

    reset: Any = AcceleratorState._reset_state  # noqa: SLF001 - as transformers does: accelerate has no public way
    reset(reset_partial_state=True)
    with patch_environment(accelerate_use_deepspeed="true"):
        PartialState(backend="gloo", timeout=timedelta(seconds=options.timeout_s))
    return {"accelerator_config": {"use_configured_state": True}}


def check_state(trainer: Any, options: RunOptions) -> None:
    """Refuse a trainer that was set up without what was asked for.

    Raises:
        ConfigError: DeepSpeed was left out, or processes do not know of each other.
    """
    if options.deepspeed is not None and not trainer.is_deepspeed_enabled:
        raise ConfigError(
            f"deepspeed is {options.deepspeed!r}, but accelerate set the run up without it: unset ACCELERATE_USE_CPU, "
            "or set `deepspeed: null`"
        )
    if trainer.accelerator.num_processes != options.processes:
        raise ConfigError(
            f"{options.processes} processes were started, but each sees {trainer.accelerator.num_processes}: start "
            "them by torchrun, or with `processes` in params.yaml"
        )
