"""Temperature of the option distribution, fitted by negative log-likelihood (M27).

Guo et al. 2017, arXiv:1706.04599: `p_T = softmax(log p / T)`. T > 1 softens an over-confident policy, T < 1 sharpens.
The order of the options never changes, so neither does accuracy. `medrwr.rollout.scoring.temper` applies it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medrwr.errors import SampleError

LOWEST, HIGHEST = 0.05, 20.0
_SMALLEST = 1e-12  # a probability of 0 would be an infinite loss that no temperature repairs


@dataclass(frozen=True, slots=True)
class TemperatureFit:
    """A temperature, the mean NLL (nats an answer) before and after, and, where T was not fitted, why."""

    temperature: float
    nll_before: float
    nll_after: float
    answers: int
    fallback: str = ""


def fit_temperature(option_probs: Sequence[Sequence[float]], gold: Sequence[int]) -> TemperatureFit:
    """The T in [0.05, 20] that minimises the NLL of the gold options; rows may differ in their number of options.

    When every answer is right, T would run to 0, and when every answer is wrong, confidence says nothing about
    correctness: T stays 1 then, and `fallback` says so.

    Raises:
        SampleError: no rows, unequal lengths, or a gold index outside its row.
    """
    _check(option_probs, gold)
    logits_NL = _logits(option_probs)
    gold_N = np.asarray(gold, dtype=np.intp)
    before = _nll(logits_NL, gold_N, 1.0)
    right_N = logits_NL.argmax(axis=1) == gold_N
    if right_N.all() or not right_N.any():
        fallback = f"all {len(gold)} answers are {'right' if right_N.all() else 'wrong'}: temperature kept at 1"
        return TemperatureFit(1.0, before, before, len(gold), fallback)
    temperature = _minimise(logits_NL, gold_N)
    after = _nll(logits_NL, gold_N, temperature)
    edge = min(temperature - LOWEST, HIGHEST - temperature) < 1e-3
    fallback = f"temperature stopped at the edge of [{LOWEST}, {HIGHEST}]" if edge else ""
    return TemperatureFit(temperature, before, after, len(gold), fallback)


def _check(option_probs: Sequence[Sequence[float]], gold: Sequence[int]) -> None:
    if not option_probs:
        raise SampleError("0 answers to fit a temperature on, expected at least 1: check the calibration split")
    if len(option_probs) != len(gold):
        raise SampleError(f"{len(option_probs)} option distributions for {len(gold)} gold answers: pass one of each")
    for row, index in zip(option_probs, gold, strict=True):
        if not 0 <= index < len(row):
            raise SampleError(f"gold option {index} of {len(row)} options: pass the index of the right option")


def _logits(option_probs: Sequence[Sequence[float]]) -> NDArray[np.float64]:
    """Log-probabilities [N, L]; rows with fewer than L options are padded with -inf."""
    logits_NL = np.full((len(option_probs), max(map(len, option_probs))), -np.inf)
    for row, probs in zip(logits_NL, option_probs, strict=True):
        row[: len(probs)] = np.log(np.maximum(np.asarray(probs, dtype=np.float64), _SMALLEST))
    return logits_NL


def _nll(logits_NL: NDArray[np.float64], gold_N: NDArray[np.intp], temperature: float) -> float:
    scaled_NL = logits_NL / temperature
    top_N = scaled_NL.max(axis=1)
    total_N = top_N + np.log(np.exp(scaled_NL - top_N[:, None]).sum(axis=1))
    return float((total_N - scaled_NL[np.arange(len(gold_N)), gold_N]).mean())


def _minimise(logits_NL: NDArray[np.float64], gold_N: NDArray[np.intp]) -> float:
    """NLL is convex in 1/T, so unimodal in log T: a bounded scalar search finds its minimum."""
    from scipy.optimize import minimize_scalar

    found = minimize_scalar(
        lambda log_t: _nll(logits_NL, gold_N, float(np.exp(log_t))),
        bounds=(np.log(LOWEST), np.log(HIGHEST)),
        method="bounded",
        options={"xatol": 1e-6},
    )
    return float(np.exp(found.x))
