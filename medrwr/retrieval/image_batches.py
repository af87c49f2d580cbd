"""Batches for contrastive training: distinct captions from one or two modalities, so that wrong ones are near misses.

In a batch of all modalities nearly every wrong caption names another modality: telling those apart is learned at
once, and nothing is left to learn shape and place from.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from medrwr.types import ImageCase

_MODALITIES = 2


class NearMissSampler:
    """Draws rows (keys of `cases`); every caption of a modality comes once before one comes again."""

    def __init__(self, cases: Mapping[int, ImageCase], size: int, rng: np.random.Generator) -> None:
        self._rng = rng
        self._size = size
        self._rows: dict[str, dict[str, list[int]]] = {}
        for row, case in cases.items():
            self._rows.setdefault(case.modality, {}).setdefault(case.caption, []).append(row)
        self._waiting: dict[str, list[str]] = {modality: [] for modality in self._rows}

    def batch(self) -> list[int]:
        """Up to `size` rows, no two of one caption (they would be each other's false negatives)."""
        names = list(self._rows)
        modalities = self._rng.choice(len(names), min(_MODALITIES, len(names)), replace=False)
        share = -(-self._size // len(modalities))
        chosen = [(names[i], caption) for i in modalities for caption in self._captions(names[i], share)]
        distinct = {caption: self._rows[modality][caption] for modality, caption in chosen}
        return [rows[self._rng.integers(len(rows))] for rows in distinct.values()][: self._size]

    def _captions(self, modality: str, count: int) -> list[str]:
        captions = list(self._rows[modality])
        count = min(count, len(captions))
        if len(self._waiting[modality]) < count:
            self._waiting[modality] = [captions[i] for i in self._rng.permutation(len(captions))]
        taken, self._waiting[modality] = self._waiting[modality][:count], self._waiting[modality][count:]
        return taken
