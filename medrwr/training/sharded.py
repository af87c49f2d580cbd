"""DeepSpeed ZeRO-3 leaves each process a part of every weight: the whole is put together when training is over."""

from __future__ import annotations

from typing import Any


def make_whole(model: Any) -> None:
    """Replace partitioned parameters by whole ones, in place, on every process; nothing where none is partitioned."""
    partitioned = [parameter for parameter in model.parameters() if hasattr(parameter, "ds_id")]
    if not partitioned:
        return
    import deepspeed
    from torch import nn

    for module in model.modules():
        for name, parameter in list(module.named_parameters(recurse=False)):
            if hasattr(parameter, "ds_id"):
                with deepspeed.zero.GatheredParameters([parameter]):
                    whole = nn.Parameter(parameter.data.detach().clone(), requires_grad=parameter.requires_grad)
                setattr(module, name, whole)
