"""Reliability of confidences: equal-width bins, expected calibration error, Brier score (M27, M31).

Guo et al. 2017, arXiv:1706.04599, section 2: ECE is the mean over answers of |accuracy - confidence| of their bin.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from medrwr.calibration.sample import Bools, Floats, paired
from medrwr.errors import SampleError


@dataclass(frozen=True, slots=True)
class Bin:
    """Answers with confidence in (lower, upper], the first bin with 0 included. Means are None when it is empty."""

    lower: float
    upper: float
    count: int
    confidence: float | None
    accuracy: float | None


@dataclass(frozen=True, slots=True)
class Reliability:
    """The diagram's bins; `ece` and `largest_gap` in [0, 1] (0 is perfect); `brier` is that of the chosen option."""

    bins: tuple[Bin, ...]
    ece: float
    largest_gap: float
    brier: float
    answers: int


def reliability(
    confidence: Sequence[float] | Floats, correct: Sequence[bool] | Bools, *, bins: int = 10
) -> Reliability:
    """Bin answers by confidence.

    Raises:
        SampleError: no answers, unequal lengths, a confidence outside [0, 1], or fewer than 1 bin.
    """
    confidence_N, correct_N = paired(confidence, correct)
    if bins < 1:
        raise SampleError(f"{bins} reliability bins, expected at least 1: correct `calibrate.bins`")
    edges = np.linspace(0.0, 1.0, bins + 1)
    place_N = np.clip(np.searchsorted(edges, confidence_N, side="left") - 1, 0, bins - 1)
    count_B = np.bincount(place_N, minlength=bins)
    confidence_B = np.bincount(place_N, weights=confidence_N, minlength=bins)
    right_B = np.bincount(place_N, weights=correct_N, minlength=bins)
    gap_B = np.abs(right_B - confidence_B) / np.maximum(count_B, 1)
    rows = tuple(
        Bin(
            lower=round(float(edges[b]), 12),
            upper=round(float(edges[b + 1]), 12),
            count=int(count_B[b]),
            confidence=float(confidence_B[b] / count_B[b]) if count_B[b] else None,
            accuracy=float(right_B[b] / count_B[b]) if count_B[b] else None,
        )
        for b in range(bins)
    )
    return Reliability(
        bins=rows,
        ece=float((gap_B * count_B).sum() / count_B.sum()),
        largest_gap=float(gap_B.max()),
        brier=float(((confidence_N - correct_N) ** 2).mean()),
        answers=int(confidence_N.size),
    )
