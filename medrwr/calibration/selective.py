"""Selective prediction: answer the most confident share, leave the rest (M27, M31).

Geifman & El-Yaniv 2017, arXiv:1705.08500: coverage is the share that is answered, risk the error rate among it. AURC is
the mean risk over the coverages 1/N .. 1. Answers of equal confidence are taken together, at their mean error, so that
their order in the file does not matter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from medrwr.calibration.sample import Bools, Floats, paired


@dataclass(frozen=True, slots=True)
class CoveragePoint:
    """Answering everything with confidence >= `threshold` covers `coverage` and errs at rate `risk`."""

    threshold: float
    coverage: float
    risk: float


@dataclass(frozen=True, slots=True)
class RiskCoverage:
    """The curve from the most confident answers to full coverage, and the area below it (0 is perfect)."""

    points: tuple[CoveragePoint, ...]
    area: float
    answers: int


def risk_coverage(confidence: Sequence[float] | Floats, correct: Sequence[bool] | Bools) -> RiskCoverage:
    """One point for each distinct confidence.

    Raises:
        SampleError: no answers, unequal lengths, or a confidence outside [0, 1].
    """
    confidence_N, correct_N = paired(confidence, correct)
    levels_K, place_N, count_K = np.unique(-confidence_N, return_inverse=True, return_counts=True)
    wrong_K = np.bincount(place_N, weights=~correct_N, minlength=levels_K.size)
    covered_K, errors_K = np.cumsum(count_K), np.cumsum(wrong_K)
    total = int(confidence_N.size)
    points = tuple(
        CoveragePoint(float(-level), float(covered / total), float(errors / covered))
        for level, covered, errors in zip(levels_K, covered_K, errors_K, strict=True)
    )
    # errors expected among the first k answers, k = 1..N: linear inside a group of ties
    expected_N = np.cumsum(np.repeat(wrong_K / count_K, count_K))
    return RiskCoverage(points, float((expected_N / np.arange(1, total + 1)).mean()), total)


def auroc(confidence: Sequence[float] | Floats, correct: Sequence[bool] | Bools) -> float | None:
    """Probability that a right answer is more confident than a wrong one (ties count half); None with one class only.

    Raises:
        SampleError: no answers, unequal lengths, or a confidence outside [0, 1].
    """
    from scipy.stats import rankdata

    confidence_N, correct_N = paired(confidence, correct)
    right = int(correct_N.sum())
    wrong = int(correct_N.size) - right
    if not right or not wrong:
        return None
    ranks_N = rankdata(confidence_N)
    return float((ranks_N[correct_N].sum() - right * (right + 1) / 2) / (right * wrong))
