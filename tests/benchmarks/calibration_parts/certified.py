"""Certified thresholds over random splits: how often the promise is broken, on a synthetic world and a chain's records.

Each world is a population with a risk of its own: a synthetic one, and the chains' test answers by raw confidence.
A calibration split of 400 is drawn from it with replacement; the promise is broken when the population's risk at the
certified threshold is above alpha.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from medrwr.calibration.certified import Promise, Risk, certify
from medrwr.calibration.fitting import outcomes_of
from medrwr.calibration.sample import Outcomes
from medrwr.rollout.cdir import CdirRule
from medrwr.rollout.confidence import RAW
from tests.benchmarks.calibration_parts.chain import Chain

DELTA = 0.1
ALPHAS: dict[Risk, tuple[float, ...]] = {"left_alone_error": (0.1, 0.2), "right_to_wrong": (0.02, 0.03)}
SIZE = 400


def certified(chains: Sequence[Chain], *, small: bool) -> dict[str, float]:
    """Share of splits with a broken promise, by world and risk, and the most that delta and chance allow."""
    splits = 100 if small else 1000
    figures = {"certified_most_violations": float(binom.ppf(0.99, splits, DELTA)) / splits}
    worlds = {"synthetic": synthetic(np.random.default_rng(1), 400_000)}
    if chains:
        worlds["clinic"] = records(chains)
    for name, world in worlds.items():
        for risk, alphas in ALPHAS.items():
            for alpha in alphas:
                feasible, violated = _violations(Promise(risk, alpha, DELTA), world, splits)
                figures[f"certified_{name}_{risk}_{alpha:g}_violations"] = violated / splits
                figures[f"certified_{name}_{risk}_{alpha:g}_feasible"] = feasible / splits
    return figures


def synthetic(draw: np.random.Generator, size: int) -> Outcomes:
    """Right first with probability .2 + .75 c; a right answer is lost with .3 (1 - c), a wrong one gained with .4."""
    confidence = draw.beta(2, 1, size)
    before = draw.random(size) < 0.2 + 0.75 * confidence
    kept = draw.random(size) >= 0.3 * (1 - confidence)
    return Outcomes(confidence, before, np.where(before, kept, draw.random(size) < 0.4))


def records(chains: Sequence[Chain]) -> Outcomes:
    """Test answers of all chains, arbitrated by raw confidence."""
    parts = []
    for chain in chains:
        looks = chain.test.looks[chain.cases[0]]
        parts.append(outcomes_of(chain.test.questions, looks, CdirRule(2.0, RAW, k=chain.cases[0])))
    return Outcomes(
        *(np.concatenate([getattr(part, name) for part in parts]) for name in ("confidence", "before", "after"))
    )


def _violations(promise: Promise, world: Outcomes, splits: int) -> tuple[int, int]:
    draw = np.random.default_rng(7)
    feasible = violated = 0
    for _ in range(splits):
        ordering, testing = (world.at(draw.integers(0, world.confidence.size, SIZE // 2)) for _ in range(2))
        passed = certify(promise, ordering, testing)
        if passed:
            feasible += 1
            violated += _risk(promise, world, passed[-1].threshold) > promise.alpha
    return feasible, violated


def _risk(promise: Promise, world: Outcomes, threshold: float) -> float:
    again: NDArray[np.bool_] = world.confidence < threshold
    if promise.risk == "right_to_wrong":
        return float((again & world.before & ~world.after).mean())
    return float((~world.before[~again]).mean()) if not again.all() else 0.0
