"""The threshold lambda of image re-retrieval: answers with confidence < lambda are asked again (M26, M27).

Two ways to set it: the paper's fixed value (0.8), or the value that is most accurate on the calibration split among
those that re-retrieve at most a budgeted share of the questions. Two more: `cost` and `certified`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from medrwr.calibration.certified import Certificate
from medrwr.calibration.sample import Bools, Floats, paired
from medrwr.errors import SampleError


@dataclass(frozen=True, slots=True)
class ThresholdPoint:
    """What one lambda does on a split: `share` asked again, `accuracy` of the final answers, and the flips by it.

    `left_alone_error` is the share of wrong answers among those that are not asked again, 0 where all are.
    """

    threshold: float
    share: float
    accuracy: float
    gained: int  # wrong before, right after
    lost: int  # right before, wrong after
    left_alone_error: float


@dataclass(frozen=True, slots=True)
class ThresholdChoice:
    """The lambda taken, the whole curve it was taken from, and, where there was nothing to choose, why."""

    method: str
    point: ThresholdPoint
    accuracy_without: float
    curve: tuple[ThresholdPoint, ...]
    fallback: str = ""
    certificate: Certificate | None = None


def threshold_curve(
    confidence: Sequence[float] | Floats, before: Sequence[bool] | Bools, after: Sequence[bool] | Bools
) -> tuple[ThresholdPoint, ...]:
    """Every lambda that selects a different set: 0 (nobody), then between neighbouring confidences, up to 1.

    Args:
        confidence: calibrated confidence of each first answer; 0 for an answer that could not be parsed.
        before: whether the first answer was right.
        after: whether the final answer is right when the question is asked again with similar cases.

    Raises:
        SampleError: no answers, unequal lengths, or a confidence outside [0, 1].
    """
    confidence_N, before_N = paired(confidence, before)
    _, after_N = paired(confidence, after)
    levels = np.unique(confidence_N)
    candidates = [0.0, *((levels[:-1] + levels[1:]) / 2).tolist()]
    if levels[-1] < 1.0:
        candidates.append(1.0)
    return tuple(_point(confidence_N, before_N, after_N, threshold) for threshold in candidates)


def fixed_threshold(
    threshold: float,
    confidence: Sequence[float] | Floats,
    before: Sequence[bool] | Bools,
    after: Sequence[bool] | Bools,
) -> ThresholdChoice:
    """The paper's way: a given lambda, with what it does on this split.

    Raises:
        SampleError: as `threshold_curve`.
    """
    confidence_N, before_N = paired(confidence, before)
    _, after_N = paired(confidence, after)
    point = _point(confidence_N, before_N, after_N, threshold)
    return ThresholdChoice("fixed", point, float(before_N.mean()), threshold_curve(confidence, before, after))


def budgeted_threshold(
    budget: float,
    confidence: Sequence[float] | Floats,
    before: Sequence[bool] | Bools,
    after: Sequence[bool] | Bools,
) -> ThresholdChoice:
    """The most accurate lambda with share <= budget; among equals the one that asks the fewest questions again.

    Re-retrieval that helps nowhere gives lambda 0, and `fallback` says so.

    Raises:
        SampleError: a budget outside [0, 1]; else as `threshold_curve`.
    """
    if not 0.0 <= budget <= 1.0:
        raise SampleError(f"budget {budget!r}, expected a share in [0, 1]: correct `calibrate.budget`")
    curve = threshold_curve(confidence, before, after)
    affordable = [point for point in curve if point.share <= budget + 1e-12]
    best = max(affordable, key=lambda point: (point.accuracy, -point.share))
    return ThresholdChoice(
        "budget", best, curve[0].accuracy, curve, _why_none(best, budget, len(affordable), len(curve))
    )


def _why_none(best: ThresholdPoint, budget: float, affordable: int, candidates: int) -> str:
    if best.share > 0:
        return ""
    if candidates == 1:
        return "no answer is below a confidence of 1: re-retrieval is off"
    if affordable == 1:
        return f"no threshold re-retrieves at most {budget:.0%} of the answers: re-retrieval is off"
    return f"no threshold within the budget of {budget:.0%} is more accurate than none: re-retrieval is off"


def _point(confidence_N: Floats, before_N: Bools, after_N: Bools, threshold: float) -> ThresholdPoint:
    again_N = confidence_N < threshold
    final_N = np.where(again_N, after_N, before_N)
    return ThresholdPoint(
        threshold=float(threshold),
        share=float(again_N.mean()),
        accuracy=float(final_N.mean()),
        gained=int((final_N & ~before_N).sum()),
        lost=int((before_N & ~final_N).sum()),
        left_alone_error=0.0 if again_N.all() else float((~before_N[~again_N]).mean()),
    )
