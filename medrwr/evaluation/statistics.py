"""Intervals and paired tests over verdicts (M31).

Questions about one fact are not independent: the bootstrap draws facts (clusters) with replacement, not questions
(Cameron, Gelbach & Miller 2008, doi:10.1162/rest.90.3.414; percentile interval). McNemar's test is the exact one, on
discordant pairs, and treats questions as independent: it is reported beside the interval, never instead of it; so
is the exact permutation test over facts (`medrwr.evaluation.permutation`).

Where all values are equal, or there is one cluster, resampling shows no spread at all. A zero-width interval would be
a false claim, so the interval is then that of the exact binomial over clusters (Clopper-Pearson: the unseen share of
clusters is at most `1 - (alpha/2)^(1/clusters)`), and `method` says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from medrwr.errors import SampleError
from medrwr.evaluation.permutation import paired_permutation

_CELLS = 4_000_000  # resampling counts held at once: about 32 MB
Method = Literal["cluster bootstrap", "exact binomial over clusters"]


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean with its two-sided interval; `clusters` is the number of independent units behind it."""

    estimate: float
    lower: float
    upper: float
    questions: int
    clusters: int
    method: Method


@dataclass(frozen=True, slots=True)
class PairedDifference:
    """Second minus first, on the same questions. `gained` + `lost` are McNemar's discordant pairs.

    `mcnemar_p` takes questions as independent, `permutation_p` only facts: it is the one to go by.
    """

    interval: Interval
    gained: int
    lost: int
    mcnemar_p: float
    permutation_p: float


def bootstrap_mean(
    values: ArrayLike, clusters: Sequence[str], *, samples: int = 2000, level: float = 0.95, seed: int = 0
) -> Interval:
    """Mean of values in [0, 1], e.g. correctness, with a clustered interval. Same seed, same interval.

    Raises:
        SampleError: no values, or one cluster label too many or too few.
    """
    return _interval(_values(values, clusters), clusters, samples=samples, level=level, seed=seed, floor=0.0)


def paired_difference(
    first: ArrayLike,
    second: ArrayLike,
    clusters: Sequence[str],
    *,
    samples: int = 2000,
    level: float = 0.95,
    seed: int = 0,
    runs: int = 1,
) -> PairedDifference:
    """Accuracy of `second` minus that of `first`: two arms on the same questions, in the same order.

    Args:
        runs: values are shares of so many runs each (several seeds); McNemar's test is then the exact sign test.

    Raises:
        SampleError: no values, unequal lengths, one cluster label too many or too few, or no multiples of `1 / runs`.
    """
    first_N, second_N = _values(first, clusters), _values(second, clusters)
    interval = _interval(second_N - first_N, clusters, samples=samples, level=level, seed=seed, floor=-1.0)
    gained, lost = int((second_N > first_N).sum()), int((second_N < first_N).sum())
    permutation_p = paired_permutation(first_N, second_N, clusters, runs=runs)
    return PairedDifference(interval, gained, lost, mcnemar(gained, lost), permutation_p)


def mcnemar(gained: int, lost: int) -> float:
    """Exact two-sided p that gains and losses are equally likely; 1.0 when nothing changed."""
    from scipy.stats import binomtest

    if gained + lost == 0:
        return 1.0
    return float(binomtest(min(gained, lost), gained + lost, 0.5).pvalue)


def _values(values: ArrayLike, clusters: Sequence[str]) -> NDArray[np.float64]:
    values_N = np.asarray(values, dtype=np.float64)
    if values_N.size == 0:
        raise SampleError("0 answers for an interval, expected at least 1: check the questions of this cell")
    if values_N.shape != (len(clusters),):
        raise SampleError(f"{values_N.size} values for {len(clusters)} clusters: pass one of each for every question")
    return values_N


def _interval(
    values_N: NDArray[np.float64], clusters: Sequence[str], *, samples: int, level: float, seed: int, floor: float
) -> Interval:
    names, place_N = np.unique(np.asarray(clusters), return_inverse=True)
    size_C = np.bincount(place_N).astype(np.float64)
    sum_C = np.bincount(place_N, weights=values_N).astype(np.float64)
    mean, alpha, units = float(values_N.mean()), 1.0 - level, len(names)
    if units == 1 or np.all(values_N == values_N[0]):
        unseen = 1.0 - (alpha / 2) ** (1.0 / units)
        lower, upper = mean - unseen * (mean - floor), mean + unseen * (1.0 - mean)
        return Interval(mean, lower, upper, values_N.size, units, "exact binomial over clusters")
    means_S = _resampled_means(sum_C, size_C, samples, seed)
    lower, upper = np.quantile(means_S, [alpha / 2, 1 - alpha / 2])
    return Interval(mean, float(lower), float(upper), values_N.size, units, "cluster bootstrap")


def _resampled_means(
    sum_C: NDArray[np.float64], size_C: NDArray[np.float64], samples: int, seed: int
) -> NDArray[np.float64]:
    """Means [samples] over clusters drawn with replacement: a draw is a vector of multinomial counts.

    Clusters alike in sum and size are drawn as one kind, with their number as weight: the same distribution, and 20,000
    right-or-wrong answers are a handful of kinds.
    """
    generator = np.random.default_rng(seed)
    units = sum_C.size
    kinds_2K, number_K = np.unique(np.stack([sum_C, size_C]), axis=1, return_counts=True)
    means: list[NDArray[np.float64]] = []
    step = max(1, _CELLS // number_K.size)
    for start in range(0, samples, step):
        count_SK = generator.multinomial(units, number_K / units, size=min(step, samples - start))
        means.append((count_SK @ kinds_2K[0]) / (count_SK @ kinds_2K[1]))
    return np.concatenate(means)
