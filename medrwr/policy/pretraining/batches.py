"""Drills as tensors: prompt and pieces are tokenised apart, so that weights and skills fall on whole tokens."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from medrwr.clinic.rendering import render
from medrwr.policy.pretraining.drills import CONTEXT_WEIGHT, SYSTEM, Drill

if TYPE_CHECKING:
    from medrwr.policy.loading import Policy


BUCKET = 32  # lengths are rounded up to it: the CPU kernels compile anew for every new shape


@dataclass(slots=True)
class Batch:
    """`inputs` for the model; `weights` [rows, length] of the loss on each token as a target; skills by position."""

    inputs: dict[str, Any]
    weights: Any
    skills: dict[str, list[tuple[int, int]]] = field(default_factory=dict)


def _prompt_ids(policy: Policy, drill: Drill, image_tokens: int) -> list[int]:
    image = "<|vision_start|>" + "<|image_pad|>" * image_tokens + "<|vision_end|>" if drill.picture else ""
    system, user = f"<|im_start|>system\n{SYSTEM}<|im_end|>", f"<|im_start|>user\n{image}{drill.user}<|im_end|>"
    text = f"{system}\n{user}\n<|im_start|>assistant\n"
    return list(policy.tokenizer(text).input_ids)


def _row(policy: Policy, drill: Drill, image_tokens: int) -> tuple[list[int], list[float], list[tuple[str, int]]]:
    ids = _prompt_ids(policy, drill, image_tokens)
    weights = [CONTEXT_WEIGHT if not drill.picture else 0.05] * len(ids)
    skills: list[tuple[str, int]] = []
    for piece in drill.reply:
        tokens = policy.tokenizer(piece.text).input_ids
        if piece.skill:
            skills.append((piece.skill, len(ids)))
        ids += tokens
        weights += [piece.weight] * len(tokens)
    end = policy.tokenizer.convert_tokens_to_ids("<|im_end|>")
    return [*ids, end], [*weights, 1.0], skills


def collate(policy: Policy, drills: list[Drill], *, image_size: int = 112) -> Batch:
    """Right-padded tensors of the drills; pictures are rendered here."""
    import torch

    inputs: dict[str, Any] = {}
    shown = [drill.picture for drill in drills if drill.picture]
    pictures = [torch.from_numpy(render(m, sign, seed=seed, size=image_size)) for m, sign, seed in shown]
    pictures = [picture.expand(3, -1, -1) for picture in pictures]
    image_tokens = 0
    if pictures:
        features = policy.processor.image_processor(images=pictures, return_tensors="pt")
        inputs = {"pixel_values": features["pixel_values"], "image_grid_thw": features["image_grid_thw"]}
        merge = policy.processor.image_processor.merge_size**2
        image_tokens = int(features["image_grid_thw"][0].prod()) // merge
    rows = [_row(policy, drill, image_tokens) for drill in drills]
    length = -(-max(len(ids) for ids, _, _ in rows) // BUCKET) * BUCKET
    ids = torch.full((len(rows), length), policy.tokenizer.pad_token_id)
    weights = torch.zeros(len(rows), length)
    batch = Batch(inputs, weights)
    for i, (row_ids, row_weights, skills) in enumerate(rows):
        ids[i, : len(row_ids)] = torch.tensor(row_ids)
        weights[i, : len(row_ids)] = torch.tensor(row_weights)
        for skill, position in skills:
            batch.skills.setdefault(skill, []).append((i, position))
    lengths = torch.tensor([len(row[0]) for row in rows])
    inputs["input_ids"] = ids
    inputs["attention_mask"] = (torch.arange(length)[None, :] < lengths[:, None]).long()
    inputs["mm_token_type_ids"] = (ids == policy.processor.image_token_id).int()
    return batch
