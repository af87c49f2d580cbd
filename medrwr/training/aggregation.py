"""GDPO (group reward-decoupled normalisation, arXiv:2601.05242): each reward is normalised in its group, then summed.

Summed first, rewards of different scale are told apart by the largest alone. Normalised first, each counts by its
weight; but a reward that hardly varies (a cosine) would then be noise at full weight, so its spread has a floor.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Decoupled:
    """`weights` by reward name; `floor` is the least standard deviation that a reward's deviations are divided by."""

    weights: Mapping[str, float]
    floor: float
    group: int

    def parts(self, scores: Sequence[Mapping[str, float] | None]) -> Tensor:
        """[rows, rewards]; a row of NaN where there is no score."""
        return torch.tensor(
            [[float("nan") if score is None else score[name] for name in self.weights] for score in scores]
        )

    def combine(self, parts: Tensor) -> Tensor:
        """One figure a row [rows, 1], of mean 0 in each group of `group` rows; NaN stays NaN."""
        grouped = parts.view(-1, self.group, parts.shape[1])
        deviations = grouped - grouped.nanmean(dim=1, keepdim=True)
        counts = (~deviations.isnan()).sum(dim=1, keepdim=True)
        spread = (deviations.nan_to_num().square().sum(dim=1, keepdim=True) / (counts - 1).clamp(min=1)).sqrt()
        weights = torch.tensor(list(self.weights.values()), device=parts.device, dtype=parts.dtype)
        combined: Tensor = (deviations / spread.clamp(min=self.floor) * weights).sum(-1)
        return combined.view(-1, 1)
