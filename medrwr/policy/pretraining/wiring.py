"""Where copying begins: the first two layers start out with heads that look back, and heads that match words.

Training moves them freely; without this start a model this small takes many times longer to find them. Head h of the
first layer attends h + 1 tokens back. The second layer's heads compare words: at a later place a word is met again when
the query's word equals the key's. Which word each side speaks for is in `_MATCHES`.
"""

from __future__ import annotations

import math
from typing import Any

# (offset of the query's word, offset of the key's word): 0 is the token itself, n the token n places back
_MATCHES = ((0, 1), (2, 0), (3, 0), (4, 0))
CARRY = 1.5  # how strongly the words found by looking back are written beside a token's own


def wire(model: Any, *, seed: int, amplitude: float = 5.0, gain: float = 2.5) -> None:
    """Set the start of the first two layers in place; the same seed gives the same start.

    Args:
        amplitude: of the constant query and key of looking back; larger is sharper.
        gain: of the matching heads' queries and keys.
    """
    import torch

    first, second = (layer.self_attn for layer in model.model.language_model.layers[:2])
    heads, dim = model.config.text_config.num_attention_heads, first.head_dim
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        code = torch.linalg.qr(torch.randn(heads * dim, dim, generator=generator))[0].T * math.sqrt(heads)
        places = torch.linalg.qr(torch.randn(heads * dim, heads * dim, generator=generator))[0]
        for head in range(heads):
            rows = _rows(first, head)
            _look_back(first, head, theta=_theta(model), amplitude=amplitude)
            first.v_proj.weight[rows] = code
            first.o_proj.weight[:, rows] = CARRY * places[:, rows]
        for head, offsets in enumerate(_MATCHES[:heads]):
            sides = [code if n == 0 or n > heads else places[:, _rows(first, n - 1)].T for n in offsets]
            _match(second, head, *sides, gain=gain)


def _theta(model: Any) -> float:
    return float(model.config.text_config.rope_parameters["rope_theta"])


def _rows(attention: Any, head: int) -> slice:
    return slice(head * attention.head_dim, (head + 1) * attention.head_dim)


def _look_back(attention: Any, head: int, *, theta: float, amplitude: float) -> None:
    """Bias a head to attend head + 1 tokens back, through the rotary angles of constant queries and keys.

    With the key's bias at angle 0 and the query's at minus the offset, the score between positions m and n is a sum of
    cos(omega (m - n - offset)), largest at m - n = offset.
    """
    import torch

    dim, rows = attention.head_dim, _rows(attention, head)
    omega = theta ** (-torch.arange(0, dim, 2).float() / dim)
    for projection in (attention.q_proj, attention.k_proj):
        projection.weight[rows] *= 0.2
        projection.bias[rows] = 0.0
    for i in range(dim // 4):
        angle = -float(omega[i]) * (head + 1)
        attention.q_proj.bias[rows.start + i] = amplitude * math.cos(angle)
        attention.q_proj.bias[rows.start + dim // 2 + i] = amplitude * math.sin(angle)
        attention.k_proj.bias[rows.start + i] = amplitude


def _match(attention: Any, head: int, query: Any, key: Any, *, gain: float) -> None:
    """Make a head attend where the key's word is the query's, comparing in its slowly turning dimensions only."""
    import torch

    dim, rows = attention.head_dim, _rows(attention, head)
    slow = (torch.arange(dim) % (dim // 2) >= dim // 4).float()[:, None]
    attention.q_proj.weight[rows] = gain * slow * query
    attention.k_proj.weight[rows] = gain * slow * key
    attention.q_proj.bias[rows] = 0.0
    attention.k_proj.bias[rows] = 0.0
