"""Certified thresholds (M27): by hand, and over 1,000 random splits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom

from medrwr.calibration.certified import Promise, certify, least_answers, upper_bound
from medrwr.calibration.sample import Outcomes
from medrwr.errors import SampleError

LEFT_ALONE = Promise("left_alone_error", 0.2, 0.1)
FLIPS = Promise("right_to_wrong", 0.02, 0.1)
SPLITS, DELTA = 1000, 0.1
MOST = int(binom.ppf(0.999, SPLITS, DELTA))  # violations that 1,000 splits show at most, but one time in 1,000


def test_m27_clopper_pearson_by_hand() -> None:
    """No error in n: 1 - delta^(1/n). One in two at delta .1: the p with (1-p)^2 + 2p(1-p) = 1 - p^2 = .1, .9487."""
    bounds = upper_bound(np.array([0, 1, 3, 0]), np.array([10, 2, 3, 0]), 0.1)
    assert bounds == pytest.approx([1 - 0.1**0.1, 0.9**0.5, 1.0, 1.0], abs=1e-6)


def test_what_it_takes_at_least() -> None:
    """.9^22 = .0985: 22 answers without an error bound it by 10% at delta .1; .9^21 = .1094 does not."""
    assert least_answers(Promise("left_alone_error", 0.1, 0.1)) == 22


def test_m27_the_sequence_goes_down_until_it_fails() -> None:
    """30 right at .9, 30 right at .7, 30 wrong at .3. At .8 none of 30 errs, at .5 none of 60, at 0 a third of 90."""
    half = Outcomes.of([0.9] * 30 + [0.7] * 30 + [0.3] * 30, [True] * 60 + [False] * 30, [True] * 90)
    certified = certify(LEFT_ALONE, half, half)
    assert certified[-1].threshold == pytest.approx(0.5)
    assert (certified[-1].counted, certified[-1].errors, certified[-1].answers) == (60, 0, 90)
    assert certified[-1].bound == pytest.approx(1 - 0.1 ** (1 / 60))


def test_m27_flips_are_counted_from_the_unsure_end() -> None:
    """120 at .2, of which none is lost, 100 at .6, all lost: asking below .4 again is certified, below 1 is not."""
    half = Outcomes.of([0.2] * 120 + [0.6] * 100, [True] * 220, [True] * 120 + [False] * 100)
    (certificate,) = certify(FLIPS, half, half)
    assert certificate.threshold == pytest.approx(0.4)
    assert (certificate.counted, certificate.errors) == (220, 0)


def test_nothing_is_feasible_on_a_handful() -> None:
    few = Outcomes.of([0.9] * 5, [True] * 5, [True] * 5)
    assert certify(LEFT_ALONE, few, few) == ()
    assert certify(FLIPS, few, few) == ()


@pytest.mark.parametrize(("alpha", "delta", "name"), [(0.0, 0.1, "alpha"), (0.1, 1.0, "delta")])
def test_a_promise_is_a_share(alpha: float, delta: float, name: str) -> None:
    with pytest.raises(SampleError, match=rf"calibrate\.{name}"):
        Promise("right_to_wrong", alpha, delta)


def world(draw: np.random.Generator, size: int) -> Outcomes:
    """Confidence c: the first answer is right with probability .2 + .75 c, a right one is lost with .3 (1 - c)."""
    confidence = draw.beta(2, 1, size)
    before = draw.random(size) < 0.2 + 0.75 * confidence
    lost = draw.random(size) < 0.3 * (1 - confidence)
    after = np.where(before, ~lost, draw.random(size) < 0.4)
    return Outcomes(confidence, before, after)


def true_risk(risk: str, threshold: float) -> float:
    """Integrals over the density 2c of beta(2, 1), by a fine grid."""
    c = (np.arange(20000) + 0.5) / 20000
    if risk == "left_alone_error":
        kept = c >= threshold
        return float(((0.8 - 0.75 * c) * 2 * c)[kept].sum() / (2 * c)[kept].sum()) if kept.any() else 0.0
    return float((((0.2 + 0.75 * c) * 0.3 * (1 - c)) * 2 * c)[c < threshold].mean() * (c < threshold).mean())


@pytest.mark.parametrize("promise", [Promise("left_alone_error", 0.2, DELTA), Promise("right_to_wrong", 0.03, DELTA)])
def test_m27_violations_over_1000_splits_are_at_most_delta(promise: Promise) -> None:
    """The last certified threshold of each split, held against the true risk of the world it was drawn from."""
    draw = np.random.default_rng(11)
    violated = feasible = 0
    for _ in range(SPLITS):
        certified = certify(promise, world(draw, 200), world(draw, 200))
        if certified:
            feasible += 1
            violated += true_risk(promise.risk, certified[-1].threshold) > promise.alpha
    assert feasible > 0.5 * SPLITS  # a bound that promises nothing would be kept by doing nothing
    assert violated <= MOST


def test_an_uncertified_threshold_does_violate_it() -> None:
    """The control: a threshold whose error on the split itself is at most alpha breaks the promise often."""
    draw = np.random.default_rng(12)
    violated = 0
    for _ in range(SPLITS):
        half = world(draw, 200)
        order = np.argsort(-half.confidence)
        errors = np.cumsum(~half.before[order]) / np.arange(1, 201)
        kept = np.flatnonzero(errors <= 0.2)
        violated += bool(kept.size) and true_risk("left_alone_error", half.confidence[order[kept[-1]]]) > 0.2
    assert violated > 2 * MOST


@pytest.mark.parametrize("promise", [Promise("left_alone_error", 0.2, DELTA), Promise("right_to_wrong", 0.02, DELTA)])
def test_m27_violations_on_the_clinics_records_are_at_most_delta(promise: Promise) -> None:
    """1,000 test answers of one trained chain (seed 7): raw confidence, first right, right when asked again.

    They are the population; splits are drawn from it with replacement.
    """
    rows = np.loadtxt(Path(__file__).with_name("clinic_answers.csv"), delimiter=",", skiprows=1)
    records = Outcomes(rows[:, 0], rows[:, 1] == 1, rows[:, 2] == 1)
    draw = np.random.default_rng(7)
    violated = feasible = 0
    for _ in range(SPLITS):
        ordering, testing = (records.at(draw.integers(0, len(rows), 200)) for _ in range(2))
        certified = certify(promise, ordering, testing)
        if certified:
            feasible += 1
            again = records.confidence < certified[-1].threshold
            flips = float((again & records.before & ~records.after).mean())
            left = float((~records.before[~again]).mean()) if not again.all() else 0.0
            violated += (left if promise.risk == "left_alone_error" else flips) > promise.alpha
    assert feasible > 0.2 * SPLITS
    assert violated <= MOST
