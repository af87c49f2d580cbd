"""Reliability of confidences: bins, expected calibration error, Brier score (M27, M31).

Guo et al. 2017, arXiv:1706.04599, section 2: ECE is the mean over answers of |accuracy - confidence| of their bin, here
of equal width. Nguyen & O'Connor 2015, arXiv:1508.05154: the adaptive ECE has bins of equal counts instead, so that no
bin rests on a handful of answers; answers of equal confidence stay together.
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
    """The diagram's bins; `ece`, `ece_adaptive` and `largest_gap` in [0, 1] (0 is perfect).

    `brier` is that of the chosen option; `brier_constant` that of one confidence for all, their accuracy: what a useful
    confidence stays below.
    """

    bins: tuple[Bin, ...]
    ece: float
    ece_adaptive: float
    largest_gap: float
    brier: float
    brier_constant: float
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
        ece_adaptive=_adaptive_ece(confidence_N, correct_N, bins),
        largest_gap=float(gap_B.max()),
        brier=float(((confidence_N - correct_N) ** 2).mean()),
        brier_constant=float(correct_N.mean() * (1 - correct_N.mean())),
        answers=int(confidence_N.size),
    )


def _adaptive_ece(confidence_N: Floats, correct_N: Bools, bins: int) -> float:
    """A group of ties belongs to the bin that its middle falls in, so that the order of the file does not matter."""
    _, place_N, count_K = np.unique(confidence_N, return_inverse=True, return_counts=True)
    middle_K = np.cumsum(count_K) - count_K / 2
    bin_N = (middle_K * bins / confidence_N.size).astype(np.intp)[place_N]
    gap_B = np.abs(np.bincount(bin_N, weights=correct_N - confidence_N, minlength=bins))
    return float(gap_B.sum() / confidence_N.size)
