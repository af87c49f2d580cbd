"""Teacher-forced log-probabilities, by the model's own forward pass: what a trainer computes, to check rollouts by."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from medrwr.policy.loading import Policy
from medrwr.rollout.backend import generating, pad_left
from medrwr.rollout.context import ImageInput, image_token
from medrwr.types import Trajectory


def rollout_logprobs(
    policy: Policy,
    trajectories: Sequence[Trajectory],
    images: Sequence[Sequence[ImageInput]],
    *,
    temperature: float = 1.0,
) -> list[tuple[float, ...]]:
    """Log-probability of each completion token, in nats; 0.0 where the environment inserted it (M4).

    Nothing of the engine's own arithmetic is used: no cache, no positions, no features of its own. `mm_token_type_ids`
    goes in, without which the positions behind an image are silently wrong.

    Args:
        images: each trajectory's, in the order of their places in prompt and completion.
    """
    rows = [[*t.prompt_ids, *t.completion_ids] for t in trajectories]
    inputs = training_inputs(policy, rows, [image for row in images for image in row])
    longest = max(len(t.completion_ids) for t in trajectories)
    with generating(policy.model):
        logits = policy.model(**inputs, use_cache=False, logits_to_keep=longest + 1).logits[:, :-1].float()
        logprobs = torch.log_softmax(logits / temperature, dim=-1)
    return [_of_row(logprobs[row], trajectory) for row, trajectory in enumerate(trajectories)]


def training_inputs(policy: Policy, rows: Sequence[Sequence[int]], images: Sequence[ImageInput]) -> dict[str, Tensor]:
    """Arguments of the model's forward pass for left-padded rows; `images` in row order."""
    ids, valid = pad_left(rows, policy.model.device)
    inputs = {"input_ids": ids, "attention_mask": valid.long()}
    if images:
        inputs["pixel_values"] = torch.cat([image.pixel_values for image in images]).to(policy.model.device)
        inputs["image_grid_thw"] = torch.tensor([image.grid for image in images], device=policy.model.device)
        inputs["mm_token_type_ids"] = ((ids == image_token(policy)) & valid).int()
    return inputs


def _of_row(logprobs: Tensor, trajectory: Trajectory) -> tuple[float, ...]:
    length = len(trajectory.completion_ids)
    if length == 0:
        return ()
    chosen = torch.tensor(trajectory.completion_ids, device=logprobs.device)
    values = logprobs[-length:].gather(1, chosen[:, None])[:, 0].tolist()
    return tuple(value if sampled else 0.0 for value, sampled in zip(values, trajectory.env_mask, strict=True))
