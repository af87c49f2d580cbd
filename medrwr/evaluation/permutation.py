"""Exact paired test where McNemar's does not fit, and the correction for many tests (M31).

McNemar's test needs one right-or-wrong answer a question and independent questions. Over several runs a question, or
several questions a fact, the signs of the facts' differences are flipped instead (Fisher's randomisation test): if two
arms are alike, each fact's difference is as likely to be minus itself. All sign patterns count, none is drawn.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from medrwr.errors import SampleError

_SLACK = 1e-6  # how far a value may be from a whole number of runs


def paired_permutation(first: ArrayLike, second: ArrayLike, clusters: Sequence[str], *, runs: int = 1) -> float:
    """Exact two-sided p that two arms are alike: shares of right answers [questions], each a multiple of `1 / runs`.

    Raises:
        SampleError: no values, unequal lengths, or a value that is no multiple of `1 / runs`.
    """
    first_N, second_N = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if first_N.size == 0 or first_N.shape != second_N.shape or first_N.shape != (len(clusters),):
        raise SampleError(
            f"{first_N.size} and {second_N.size} values for {len(clusters)} clusters, expected equally many and at "
            "least 1: pass one of each for every question"
        )
    scaled_N = (second_N - first_N) * runs
    whole_N = np.rint(scaled_N)
    if not np.all(np.abs(scaled_N - whole_N) < _SLACK):
        raise SampleError(f"a difference is no multiple of 1/{runs}: pass the number of runs behind each share")
    _, place_N = np.unique(np.asarray(clusters), return_inverse=True)
    sum_C = np.rint(np.bincount(place_N, weights=whole_N)).astype(np.int64)
    chance_S = _sign_flips(np.abs(sum_C[sum_C != 0]))
    distance_S = np.abs(np.arange(chance_S.size) - chance_S.size // 2)
    return min(1.0, float(chance_S[distance_S >= abs(int(sum_C.sum()))].sum()))


def holm(p_values: ArrayLike) -> NDArray[np.float64]:
    """Adjusted p [tests], in the order given (Holm 1979): below a level, that test holds beside all the others.

    Raises:
        SampleError: a value outside [0, 1].
    """
    p_T = np.asarray(p_values, dtype=np.float64)
    if not np.all((p_T >= 0) & (p_T <= 1)):
        raise SampleError(f"p-values {p_T.tolist()}, expected each in [0, 1]: pass the tests' unadjusted p")
    order_T = np.argsort(p_T, kind="stable")
    adjusted_T = np.empty_like(p_T)
    adjusted_T[order_T] = np.minimum(1.0, np.maximum.accumulate(p_T[order_T] * np.arange(p_T.size, 0, -1)))
    return adjusted_T


def _sign_flips(size_C: NDArray[np.int64]) -> NDArray[np.float64]:
    """Chance of every sum of `+-size`, from `-sum(size)` to `sum(size)`; equal sizes are one binomial."""
    from scipy.stats import binom

    chance_S = np.ones(1)
    for size, count in zip(*np.unique(size_C, return_counts=True), strict=True):
        step_S = np.zeros(2 * int(size) * int(count) + 1)
        step_S[:: 2 * int(size)] = binom.pmf(np.arange(count + 1), count, 0.5)
        chance_S = np.convolve(chance_S, step_S)
    return chance_S
