"""Sets the threshold in the way that the parameters name: fixed, budget, cost or certified (M27)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from medrwr.calibration.certified import Certificate, Promise, certify, why_none
from medrwr.calibration.cost import Costs, costed_threshold
from medrwr.calibration.sample import Outcomes
from medrwr.calibration.threshold import ThresholdChoice, budgeted_threshold, fixed_threshold
from medrwr.config import CalibrateSettings

Places = NDArray[np.intp]


def halves_of(clusters: Sequence[str], seed: int) -> tuple[Places, Places]:
    """Places of two halves that share no cluster: one to fit on and to order by, one to certify on."""
    names, place_N = np.unique(np.asarray(clusters), return_inverse=True)
    first_C = np.random.default_rng(seed).permutation(names.size) < names.size / 2
    return np.flatnonzero(first_C[place_N]), np.flatnonzero(~first_C[place_N])


def decide_threshold(settings: CalibrateSettings, outcomes: Outcomes, halves: tuple[Places, Places]) -> ThresholdChoice:
    """The threshold by `calibrate.threshold`; where none can be certified the budget's, and `fallback` says so.

    Args:
        halves: used when certifying; the confidence scale must have been fitted on the first of them only.

    Raises:
        SampleError: no answers, or a parameter out of its range.
    """
    arrays = outcomes.confidence, outcomes.before, outcomes.after
    if settings.threshold == "fixed":
        return fixed_threshold(settings.fixed_threshold, *arrays)
    if settings.threshold == "cost":
        return costed_threshold(Costs(settings.look_cost, settings.flip_cost), *arrays)
    if settings.threshold == "certified":
        return _certified(settings, outcomes, halves)
    return budgeted_threshold(settings.budget, *arrays)


def _certified(settings: CalibrateSettings, outcomes: Outcomes, halves: tuple[Places, Places]) -> ThresholdChoice:
    promise = Promise(settings.risk, settings.alpha, settings.delta)
    arrays = outcomes.confidence, outcomes.before, outcomes.after
    if not all(half.size for half in halves):
        reason = f"the questions of one fact make no two halves: nothing can be certified ({promise.risk})"
        return _uncertified(settings, outcomes, reason)
    ordering, testing = outcomes.at(halves[0]), outcomes.at(halves[1])
    certified = certify(promise, ordering, testing)
    if not certified:
        return _uncertified(settings, outcomes, why_none(promise, ordering, testing))
    if promise.risk == "left_alone_error":
        taken = certified[-1]
    else:
        taken = max(certified, key=lambda one: (_accuracy(testing, one), -one.threshold))
    return replace(fixed_threshold(taken.threshold, *arrays), method="certified", certificate=taken)


def _uncertified(settings: CalibrateSettings, outcomes: Outcomes, reason: str) -> ThresholdChoice:
    choice = budgeted_threshold(settings.budget, outcomes.confidence, outcomes.before, outcomes.after)
    said = f"{reason}. Nothing is certified; the budget of {settings.budget:.0%} sets the threshold"
    return replace(choice, fallback="; ".join(filter(None, (said, choice.fallback))))


def _accuracy(outcomes: Outcomes, certificate: Certificate) -> float:
    again_N = outcomes.confidence < certificate.threshold
    return float(np.where(again_N, outcomes.after, outcomes.before).mean())
