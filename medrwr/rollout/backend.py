"""Generation with transformers, in process: a batch of contexts that share one growing cache of keys and values.

Contexts are padded on the left; tokens that are appended to some rows only leave padding in the others. Every slot has
its row's own position, so padding changes nothing but the amount of work.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from medrwr.policy.loading import Policy
from medrwr.rollout.cache import causal_mask, new_cache
from medrwr.rollout.context import Context, ImageInput, image_token


@contextmanager
def generating(model: Any) -> Iterator[None]:
    """The model in evaluation mode and without gradients, then as it was (a trainer's model is in training mode)."""
    training = model.training
    model.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        model.train(training)


def image_features(model: Any, images: Sequence[ImageInput]) -> dict[int, Tensor]:
    """The vision tower's output [tokens, width] by `id(image)`, each distinct image seen once."""
    distinct = list({id(image): image for image in images}.values())
    if not distinct:
        return {}
    pixels = torch.cat([image.pixel_values for image in distinct]).to(model.device)
    grids = torch.tensor([image.grid for image in distinct], device=model.device)
    output = model.get_image_features(pixels, grids, return_dict=True)
    return {id(image): feature for image, feature in zip(distinct, output.pooler_output, strict=True)}


def pad_left(rows: Sequence[Sequence[int]], device: Any) -> tuple[Tensor, Tensor]:
    """Ids [rows, width] padded with 0 on the left, and which of them are real (bool)."""
    width = max(len(row) for row in rows)
    ids = torch.tensor([[0] * (width - len(row)) + list(row) for row in rows], device=device)
    valid = torch.tensor([[False] * (width - len(row)) + [True] * len(row) for row in rows], device=device)
    return ids, valid


def positions_of(policy: Policy, ids: Tensor, valid: Tensor, images: Sequence[ImageInput]) -> Tensor:
    """Rotary positions [3, rows, width] (time, height, width) of left-padded contexts; `images` in row order."""
    if not images:
        return (valid.long().cumsum(1) - 1).clamp(min=0).expand(3, -1, -1)
    positions, _ = policy.model.model.get_rope_index(
        ids,
        mm_token_type_ids=((ids == image_token(policy)) & valid).int(),
        image_grid_thw=torch.tensor([image.grid for image in images], device=ids.device),
        attention_mask=valid.long(),
    )
    assert isinstance(positions, Tensor)
    return positions


def embed(policy: Policy, ids: Tensor, images: Sequence[ImageInput]) -> Tensor:
    """Input embeddings [rows, width, model width] with image features in their places."""
    embedded = policy.model.get_input_embeddings()(ids)
    if images:
        features = image_features(policy.model, images)
        flat = torch.cat([features[id(image)] for image in images]).to(embedded.dtype)
        embedded = embedded.masked_scatter((ids == image_token(policy))[..., None], flat)
    assert isinstance(embedded, Tensor)
    return embedded


class Batch:
    """Rows that are generated together. `logits` [rows, vocabulary], fp32, are those of each row's next token.

    Inference mode spares what gradients would need: a quarter of a small batch's step.
    """

    @torch.inference_mode()
    def __init__(self, policy: Policy, contexts: Sequence[Context]) -> None:
        """Prefill: equal contexts (a group's prompt) are computed once, and every image is."""
        self._policy = policy
        self._cache = new_cache(policy.model)
        keys = [(context.ids, tuple(id(image) for image in context.images)) for context in contexts]
        distinct = list(dict.fromkeys(keys))
        first = [contexts[keys.index(key)] for key in distinct]
        images = [image for context in first for image in context.images]
        ids, self._valid = pad_left([context.ids for context in first], policy.model.device)
        positions = positions_of(policy, ids, self._valid, images)
        self._next_position = positions.amax((0, 2)) + 1
        self.logits = self._forward(embed(policy, ids, images), positions)
        self.select([distinct.index(key) for key in keys])

    @torch.inference_mode()
    def advance(self, tokens: Sequence[Sequence[int]]) -> None:
        """Append tokens to each row; a row that gets none keeps its logits."""
        ids, valid = pad_left(tokens, self.logits.device)
        self._valid = torch.cat([self._valid, valid], dim=1)
        positions = self._next_position[:, None] + (valid.long().cumsum(1) - 1).clamp(min=0)
        embedded = self._policy.model.get_input_embeddings()(ids)
        logits = self._forward(embedded, positions.expand(3, -1, -1))
        given = valid.sum(1)
        self.logits = torch.where((given > 0)[:, None], logits, self.logits)
        self._next_position = self._next_position + given

    @torch.inference_mode()
    def peek(self, tokens: Sequence[Sequence[int]], hidden: Sequence[int]) -> Tensor:
        """Logits [rows, vocabulary] after `tokens`, as if each row's last `hidden` tokens were not there.

        The batch is left as it was. Rows without tokens give logits of no meaning.
        """
        valid, next_position, logits = self._valid, self._next_position, self.logits
        from_end = valid.long().flip(1).cumsum(1).flip(1)
        dropped = torch.tensor(hidden, device=valid.device)
        self._valid = valid & (from_end > dropped[:, None])
        self._next_position = next_position - dropped
        length = self._cache.length
        self.advance(tokens)
        peeked = self.logits
        self._cache.length = length
        self._valid, self._next_position, self.logits = valid, next_position, logits
        return peeked

    @torch.inference_mode()
    def select(self, rows: Sequence[int]) -> None:
        """Keep `rows`, in that order."""
        index = torch.tensor(rows, device=self.logits.device)
        self._cache.select(index)
        self._valid, self._next_position = self._valid[index], self._next_position[index]
        self.logits = self.logits[index]

    @torch.inference_mode()
    def join(self, contexts: Sequence[Context]) -> None:
        """New rows behind those that are here; slots that hold padding only, or are out of line, are closed up."""
        entering = Batch(self._policy, contexts)
        self.compact()
        self._cache.append(entering._cache)
        widest = self._cache.length
        self._valid = torch.cat([_widen(self._valid, widest), _widen(entering._valid, widest)])
        self._next_position = torch.cat([self._next_position, entering._next_position])
        self.logits = torch.cat([self.logits, entering.logits])

    @torch.inference_mode()
    def compact(self) -> None:
        """Move each row's tokens to the right, over its padding: slots are as many as the longest row has tokens."""
        longest = int(self._valid.sum(1).max())
        if longest == self._cache.length:
            return
        slots = self._valid.int().argsort(dim=1, stable=True)[:, -longest:]
        self._cache.gather(slots)
        self._valid = self._valid.gather(1, slots)

    def _forward(self, embedded: Tensor, positions: Tensor) -> Tensor:
        mask = causal_mask(self._valid, embedded.shape[1])
        output = self._policy.model(
            inputs_embeds=embedded,
            position_ids=positions,
            attention_mask={"full_attention": mask, "sliding_attention": mask},
            past_key_values=self._cache,
            use_cache=True,
            logits_to_keep=1,
        )
        logits: Tensor = output.logits[:, -1].float()
        return logits


def _widen(valid: Tensor, slots: int) -> Tensor:
    """[rows, slots], filled up with padding on the left."""
    return torch.nn.functional.pad(valid, (slots - valid.shape[1], 0))
