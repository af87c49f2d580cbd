"""Confidence of an answer (M25), and the scale on which it is read: raw, or calibrated (M27).

Free of torch, so that whoever reads a calibration need not load it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

from medrwr.types import LETTERS, Trajectory

Method = Literal["temperature", "platt", "isotonic", "path"]
_LEAST = -20.0  # nats: what is less probable tells nothing more
_SMALLEST = 1e-12  # a probability of 0 or 1 has no log-odds


@dataclass(frozen=True, slots=True)
class ConfidenceMap:
    """From the policy's probability p of the chosen option to the probability that the answer is right, in [0, 1].

    temperature: `softmax(log p / T)` over the options (Guo et al. 2017, arXiv:1706.04599).
    platt: `1 / (1 + exp(-(slope * log(p / (1 - p)) + intercept)))` (Platt 1999).
    isotonic: linear between `knots` (p, probability), constant beyond them (Zadrozny & Elkan 2002).
    path: Platt's sigmoid with `path_weight * least` added, `least` being `least_logprob`: an answer that follows from a
        finding or query which the policy was unsure of is unsure too, however sure the last step.

    Attributes:
        answers: how many it was fitted on.
    """

    method: Method = "temperature"
    temperature: float = 1.0
    slope: float = 1.0
    intercept: float = 0.0
    path_weight: float = 0.0
    knots: tuple[tuple[float, float], ...] = ()
    answers: int = 0

    def __call__(self, option_probs: Sequence[float], chosen: int, least: float = 0.0) -> float:
        """Calibrated confidence of option `chosen`; `least`: `least_logprob` of its trajectory."""
        if self.method == "temperature":
            return temper(option_probs, self.temperature)[chosen]
        raw = min(max(option_probs[chosen], 0.0), 1.0)
        if self.method in ("platt", "path"):
            return _logistic(self.slope * log_odds(raw) + self.path_weight * least + self.intercept)
        return _between(self.knots, raw)


@dataclass(frozen=True, slots=True)
class ConfidenceScale:
    """One map a number of options; a number that was not seen in calibration is read by the pooled one."""

    pooled: ConfidenceMap = ConfidenceMap()
    by_options: Mapping[int, ConfidenceMap] = field(default_factory=dict)

    def of(self, option_probs: Sequence[float], chosen: int, least: float = 0.0) -> float:
        """Calibrated confidence of option `chosen`; `least`: `least_logprob` of its trajectory."""
        return self.by_options.get(len(option_probs), self.pooled)(option_probs, chosen, least)

    def spread(self, option_probs: Sequence[float], chosen: int, least: float = 0.0) -> tuple[float, ...]:
        """A distribution over the options: `chosen` has its calibrated confidence, the others share what is left.

        They share it in proportion to their own probabilities; a temperature tempers all of them.
        """
        used = self.by_options.get(len(option_probs), self.pooled)
        if used.method == "temperature":
            return temper(option_probs, used.temperature)
        confidence = used(option_probs, chosen, least)
        others = sum(option_probs) - option_probs[chosen]
        if others <= 0.0:
            share = (1.0 - confidence) / max(1, len(option_probs) - 1)
            return tuple(confidence if place == chosen else share for place in range(len(option_probs)))
        left = (1.0 - confidence) / others
        return tuple(confidence if place == chosen else p * left for place, p in enumerate(option_probs))


RAW = ConfidenceScale()


def calibrated_confidence(trajectory: Trajectory, scale: ConfidenceScale) -> float:
    """Confidence of the chosen option on a scale; 0 without a parsed answer."""
    letter = trajectory.answer.letter
    if letter is None or not trajectory.option_probs:
        return 0.0
    return scale.of(trajectory.option_probs, LETTERS.index(letter), least_logprob(trajectory))


def least_logprob(trajectory: Trajectory) -> float:
    """Log-probability (nats, at least -20) of the least probable token of the first turn; 0 where nothing was sampled.

    The first turn, up to what the environment inserts first, is where a finding is named and asked for, whatever the
    number of turns that follow. The maximum of -log p over tokens is that of SelfCheckGPT (arXiv:2303.08896).
    """
    mask = trajectory.env_mask
    end = mask.index(0) if 0 in mask else len(mask)
    return max(_LEAST, min(trajectory.logprobs[:end], default=0.0))


def temper(probs: Sequence[float], temperature: float) -> tuple[float, ...]:
    """The distribution at a temperature: p^(1/T), made to sum to 1 again; at T = 1 as it is."""
    if temperature == 1.0:
        return tuple(probs)
    scaled = [math.log(max(p, 1e-300)) / temperature for p in probs]
    top = max(scaled)
    weights = [math.exp(value - top) for value in scaled]
    total = sum(weights)
    return tuple(weight / total for weight in weights)


def log_odds(probability: float) -> float:
    """log(p / (1 - p)), p kept 1e-12 away from 0 and 1."""
    kept = min(max(probability, _SMALLEST), 1.0 - _SMALLEST)
    return math.log(kept) - math.log1p(-kept)


def _logistic(value: float) -> float:
    return 1.0 / (1.0 + math.exp(-value)) if value >= 0 else math.exp(value) / (1.0 + math.exp(value))


def _between(knots: Sequence[tuple[float, float]], raw: float) -> float:
    if raw <= knots[0][0]:
        return knots[0][1]
    for (left, low), (right, high) in pairwise(knots):
        if raw <= right:
            return low if right == left else low + (high - low) * (raw - left) / (right - left)
    return knots[-1][1]
