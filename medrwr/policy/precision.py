"""The last matrix product in float32, whatever the rest is in.

bfloat16 has 8 bits: it rounds a logit of 20 by up to 0.06, and not alike in rollouts and in training, whose shapes
differ. MiniMax-M1 (arXiv 2506.13585, section 3.2) found that to be most of the distance between the two.
"""

from __future__ import annotations

from types import MethodType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor


def exact_head(model: Any) -> None:
    """Have the output layer multiply in float32, under autocast too; its weights stay as they are."""
    head = model.get_output_embeddings()
    head.forward = MethodType(_multiply, head)


def _multiply(head: Any, hidden: Tensor) -> Tensor:
    import torch

    bias = None if head.bias is None else head.bias.float()
    with torch.autocast(hidden.device.type, enabled=False):
        return torch.nn.functional.linear(hidden.float(), head.weight.float(), bias)
