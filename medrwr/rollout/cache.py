"""Keys and values of a batch, in buffers that grow in steps: a decoding step writes one slot instead of copying all."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

_STEP = 128  # slots by which a buffer grows


class KeyValueCache:
    """What a decoder layer needs of a cache: `update` stores new keys and values and returns all of them.

    Buffers have shape [rows, heads, slots, width]; `length` slots are in use, the same in every row.
    """

    def __init__(self, layers: int) -> None:
        self.length = 0
        self._last_layer = layers - 1
        self._keys: list[Tensor | None] = [None] * layers
        self._values: list[Tensor | None] = [None] * layers

    def update(self, keys: Tensor, values: Tensor, layer: int, *_: Any, **__: Any) -> tuple[Tensor, Tensor]:
        """Append `keys` and `values` [rows, heads, new, width] of one layer; returns those of all slots."""
        end = self.length + keys.shape[2]
        self._keys[layer] = stored_keys = self._store(self._keys[layer], keys, end)
        self._values[layer] = stored_values = self._store(self._values[layer], values, end)
        if layer == self._last_layer:
            self.length = end
        return stored_keys[:, :, :end], stored_values[:, :, :end]

    def get_seq_length(self, layer: int = 0) -> int:  # noqa: ARG002 - all layers are of one length
        """Slots in use."""
        return self.length

    def select(self, rows: Tensor) -> None:
        """Keep `rows`, in that order; a row may be kept more than once."""
        for buffers in (self._keys, self._values):
            for layer, buffer in enumerate(buffers):
                if buffer is not None:
                    buffers[layer] = buffer.index_select(0, rows)

    def gather(self, slots: Tensor) -> None:
        """Keep, for each row, the slots of `slots` [rows, kept], in that order."""
        self.length = slots.shape[1]
        for buffers in (self._keys, self._values):
            for layer, buffer in enumerate(buffers):
                if buffer is not None:
                    index = slots[:, None, :, None].expand(-1, buffer.shape[1], -1, buffer.shape[3])
                    buffers[layer] = buffer.gather(2, index)

    def append(self, other: KeyValueCache) -> None:
        """Take the rows of `other` behind one's own; the shorter of the two gets empty slots on its left."""
        length = max(self.length, other.length)
        for mine, theirs in ((self._keys, other._keys), (self._values, other._values)):
            for layer, (own, new) in enumerate(zip(mine, theirs, strict=True)):
                assert own is not None
                assert new is not None
                rows, slots = own.shape[0], -(-length // _STEP) * _STEP
                both = own.new_zeros((rows + new.shape[0], own.shape[1], slots, own.shape[3]))
                both[:rows, :, length - self.length : length] = own[:, :, : self.length]
                both[rows:, :, length - other.length : length] = new[:, :, : other.length]
                mine[layer] = both
        self.length = length

    def _store(self, buffer: Tensor | None, new: Tensor, end: int) -> Tensor:
        if buffer is None or buffer.shape[2] < end:
            rows, heads, _, width = new.shape
            grown = new.new_zeros((rows, heads, -(-end // _STEP) * _STEP, width))
            if buffer is not None:
                grown[:, :, : self.length] = buffer[:, :, : self.length]
            buffer = grown
        buffer[:, :, self.length : end] = new
        return buffer


def new_cache(model: Any) -> KeyValueCache:
    """An empty cache for `model`."""
    return KeyValueCache(int(model.config.text_config.num_hidden_layers))


@torch.no_grad()
def causal_mask(valid: Tensor, new: int) -> Tensor:
    """Which slots the last `new` ones may look at, as bool [rows, 1, new, slots].

    Args:
        valid: bool [rows, slots]: the slot holds a token, not padding.

    A padding slot sees itself: a row of the softmax with nothing in it would be NaN, and spread.
    """
    slots = valid.shape[1]
    if new == 1:
        visible = valid[:, None, :].clone()
    else:
        queries = torch.arange(slots - new, slots, device=valid.device)
        visible = valid[:, None, :] & (torch.arange(slots, device=valid.device)[None, :] <= queries[:, None])[None]
    own = torch.arange(new, device=valid.device)
    visible[:, own, slots - new + own] = True
    return visible[:, None]
