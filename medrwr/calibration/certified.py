"""Certified thresholds: with probability 1 - delta over the calibration split, a risk is at most alpha (M27).

Learn then Test (Angelopoulos et al. 2021, arXiv:2110.01052) with fixed-sequence testing: candidates are tested in an
order that one half of the split determines, on the other half, and the first that fails ends the sequence. A candidate
passes when the Clopper-Pearson upper bound (1934, doi:10.1093/biomet/26.4.404) of its risk at level delta is at most
alpha. All that passed hold together, so that any of them may be chosen. Two risks:

    left_alone_error   P(wrong | confidence >= lambda), of answers that are left alone; safest first: high lambda
    right_to_wrong     P(first right, final wrong), of all answers; safest first: low lambda

It holds for questions that are exchangeable with the calibration split's, and for no others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from medrwr.calibration.sample import Floats, Outcomes
from medrwr.errors import SampleError

Risk = Literal["left_alone_error", "right_to_wrong"]
CANDIDATES = 100


@dataclass(frozen=True, slots=True)
class Promise:
    """`risk` is at most `alpha`, with probability at least 1 - `delta`.

    Raises:
        SampleError: alpha or delta outside (0, 1).
    """

    risk: Risk
    alpha: float
    delta: float

    def __post_init__(self) -> None:
        for name, value in (("alpha", self.alpha), ("delta", self.delta)):
            if not 0.0 < value < 1.0:
                raise SampleError(f"{name} {value!r}, expected a share in (0, 1): correct `calibrate.{name}`")


@dataclass(frozen=True, slots=True)
class Certificate:
    """What was certified: on `answers`, of which `counted` are those that the risk is about and `errors` went wrong."""

    promise: Promise
    threshold: float
    answers: int
    counted: int
    errors: int
    bound: float


def upper_bound(errors: NDArray[np.int_], counted: NDArray[np.int_], delta: float) -> Floats:
    """Clopper-Pearson: the rate that is exceeded with probability at most delta; 1 where nothing was counted."""
    from scipy.stats import beta

    bound = beta.ppf(1.0 - delta, errors + 1, np.maximum(counted - errors, 1e-9))
    return np.where(errors >= counted, 1.0, bound)


def certify(promise: Promise, ordering: Outcomes, testing: Outcomes) -> tuple[Certificate, ...]:
    """All certified thresholds, in the order tested; () when the first candidate fails already."""
    candidates = _in_order(promise, ordering)
    counted, errors = _counts(promise, candidates, testing)
    bounds = upper_bound(errors, counted, promise.delta)
    failed = np.flatnonzero(bounds > promise.alpha)
    passed = int(failed[0]) if failed.size else candidates.size
    return tuple(
        Certificate(
            promise,
            float(candidates[place]),
            testing.confidence.size,
            int(counted[place]),
            int(errors[place]),
            float(bounds[place]),
        )
        for place in range(passed)
    )


def why_none(promise: Promise, ordering: Outcomes, testing: Outcomes) -> str:
    """What is not feasible, and how far the safest candidate is from it."""
    safest = _in_order(promise, ordering)[:1]
    counted, errors = _counts(promise, safest, testing)
    bound = float(upper_bound(errors, counted, promise.delta)[0])
    return (
        f"no threshold is feasible at alpha={promise.alpha:g}, delta={promise.delta:g}, n={testing.confidence.size} "
        f"({promise.risk}): the safest, {safest[0]:.3f}, has {errors[0]} errors in {counted[0]} answers, so at most "
        f"{bound:.1%}; without an error it takes {least_answers(promise)} answers"
    )


def least_answers(promise: Promise) -> int:
    """How many answers, all without an error, it takes to certify anything: (1 - alpha)^n <= delta."""
    return int(np.ceil(np.log(promise.delta) / np.log1p(-promise.alpha)))


def _in_order(promise: Promise, ordering: Outcomes) -> Floats:
    """Between the confidences of the ordering half, at most 100; errors: from where that half is surest, downwards."""
    levels = np.unique(ordering.confidence)
    between = np.concatenate([(levels[:-1] + levels[1:]) / 2, [np.nextafter(levels[-1], 2.0)]])
    if between.size > CANDIDATES:
        between = between[np.linspace(0, between.size - 1, CANDIDATES).round().astype(np.intp)]
    if promise.risk == "right_to_wrong":
        return between
    falling = np.concatenate([[0.0], between])[::-1]
    counted, errors = _counts(promise, falling, ordering)
    surest = int(upper_bound(errors, counted, promise.delta).argmin())
    return falling[surest:]


def _counts(promise: Promise, thresholds: Floats, half: Outcomes) -> tuple[NDArray[np.int_], NDArray[np.int_]]:
    """Answers that the risk is about, and errors among them, at each threshold."""
    order = np.argsort(half.confidence, kind="stable")
    below_K = np.searchsorted(half.confidence[order], thresholds, side="left")  # asked again
    size = half.confidence.size
    if promise.risk == "right_to_wrong":
        lost = np.concatenate([[0], np.cumsum((half.before & ~half.after)[order])])
        return np.full(thresholds.size, size), lost[below_K]
    wrong = np.concatenate([[0], np.cumsum(~half.before[order])])
    return size - below_K, wrong[-1] - wrong[below_K]
