"""Drawing tokens: softmax at a temperature, one stream of random numbers an episode."""

from __future__ import annotations

import hashlib

import torch
from torch import Tensor


def episode_uniforms(question_id: str, seed: int, occurrence: int, count: int) -> Tensor:
    """`count` numbers in [0, 1), float64: the same whatever else is in the batch.

    `occurrence` sets apart requests of one run that are equal in question and seed (a group).
    """
    digest = hashlib.blake2b(f"{question_id}\0{seed}\0{occurrence}".encode(), digest_size=7).digest()
    generator = torch.Generator().manual_seed(int.from_bytes(digest, "big"))
    return torch.rand(count, generator=generator, dtype=torch.float64)


def draw(logits: Tensor, uniforms: Tensor, *, temperature: float, suppressed: Tensor) -> tuple[Tensor, Tensor]:
    """One token a row, and its log-probability in nats at the sampling temperature (at 1 when greedy), fp32.

    Args:
        logits: [rows, vocabulary], fp32.
        uniforms: [rows] in [0, 1): inverse transform sampling.
        temperature: 0 takes the most probable token.
        suppressed: ids never drawn (placeholders of images, which would break the forward pass). The log-probability
            is of the whole vocabulary all the same, as a trainer's forward pass computes it.
    """
    logprobs = torch.log_softmax(logits / temperature if temperature > 0 else logits, dim=-1)
    allowed = logprobs.index_fill(1, suppressed, -torch.inf)
    if temperature > 0:
        cumulated = allowed.double().exp().cumsum(-1)
        targets = uniforms.to(logits.device)[:, None] * cumulated[:, -1:]
        tokens = torch.searchsorted(cumulated, targets, right=True)[:, 0].clamp(max=logits.shape[1] - 1)
    else:
        tokens = allowed.argmax(-1)
    return tokens, logprobs.gather(1, tokens[:, None])[:, 0]
