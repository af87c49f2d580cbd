"""Intervals and paired tests (M31)."""

import numpy as np
import pytest

from medrwr.errors import SampleError
from medrwr.evaluation.statistics import bootstrap_mean, mcnemar, paired_difference


def ids(count):
    return [f"f{index}" for index in range(count)]


@pytest.mark.parametrize(
    ("gained", "lost", "p"),
    [
        (0, 0, 1.0),
        (1, 0, 1.0),  # 2 x 1/2
        (5, 1, 14 / 64),  # 2 x (C(6,0) + C(6,1)) / 2^6
        (8, 0, 2 / 256),
        (3, 3, 1.0),
    ],
)
def test_m31_mcnemar_by_hand(gained, lost, p):
    assert mcnemar(gained, lost) == pytest.approx(p)
    assert mcnemar(lost, gained) == pytest.approx(p)


def test_m31_all_right_is_not_certain():
    """10 of 10 right: Clopper-Pearson's lower bound is .025 ** (1/10) = .6915; resampling would say 1."""
    interval = bootstrap_mean([1] * 10, ids(10))
    assert interval.lower == pytest.approx(0.025**0.1)
    assert (interval.estimate, interval.upper, interval.method) == (1.0, 1.0, "exact binomial over clusters")


def test_all_wrong_mirrors_all_right():
    interval = bootstrap_mean([0] * 10, ids(10))
    assert (interval.lower, interval.upper) == (0.0, pytest.approx(1 - 0.025**0.1))


def test_clusters_count_not_questions():
    """100 right answers about 2 facts are 2 observations: lower bound .025 ** (1/2) = .158."""
    interval = bootstrap_mean([1] * 100, ["a", "b"] * 50)
    assert interval.lower == pytest.approx(0.025**0.5)
    assert (interval.questions, interval.clusters) == (100, 2)


def test_one_cluster_tells_next_to_nothing():
    """Half right, one fact: unseen share .975, so [.5 - .975 x .5, .5 + .975 x .5]."""
    interval = bootstrap_mean([1, 0], ["a", "a"])
    assert (interval.lower, interval.upper) == (pytest.approx(0.0125), pytest.approx(0.9875))


def test_m31_width_follows_the_clusters():
    """200 answers, half right. Independent: sd sqrt(.25/200); in 20 facts of equal answers: sqrt(.25/20)."""
    values = np.repeat([1, 0] * 10, 10)
    independent = bootstrap_mean(values, ids(200), samples=4000, seed=1)
    clustered = bootstrap_mean(values, list(np.repeat(ids(20), 10)), samples=4000, seed=1)
    assert independent.upper - independent.lower == pytest.approx(2 * 1.96 * np.sqrt(0.25 / 200), rel=0.1)
    assert clustered.upper - clustered.lower == pytest.approx(2 * 1.96 * np.sqrt(0.25 / 20), rel=0.1)


def test_same_seed_same_interval():
    values, names = np.linspace(0, 1, 50), ids(50)
    assert bootstrap_mean(values, names, seed=3) == bootstrap_mean(values, names, seed=3)
    assert bootstrap_mean(values, names, seed=3) != bootstrap_mean(values, names, seed=4)


def test_m31_pairing_beats_two_intervals():
    """Second arm right on 5 more of 100, wrong on none fewer: difference .05, McNemar 2 / 2^5."""
    first = [1] * 50 + [0] * 50
    second = [1] * 55 + [0] * 45
    difference = paired_difference(first, second, ids(100), samples=4000)
    assert difference.interval.estimate == pytest.approx(0.05)
    assert 0 < difference.interval.lower < 0.05 < difference.interval.upper < 0.11
    assert (difference.gained, difference.lost) == (5, 0)
    assert (difference.mcnemar_p, difference.permutation_p) == (pytest.approx(2 / 32), pytest.approx(2 / 32))


def test_no_change_at_all_leaves_room_for_unseen_changes():
    difference = paired_difference([1, 0] * 5, [1, 0] * 5, ids(10))
    unseen = 1 - 0.025**0.1
    assert (difference.interval.lower, difference.interval.upper) == (pytest.approx(-unseen), pytest.approx(unseen))
    assert difference.mcnemar_p == 1.0


def test_opposite_arms():
    """Every answer gained: difference 1, at most 1, at least 1 - 2 x unseen."""
    difference = paired_difference([0] * 10, [1] * 10, ids(10))
    assert difference.interval.upper == 1.0
    assert difference.interval.lower == pytest.approx(1 - 2 * (1 - 0.025**0.1))


def test_intervals_of_the_bootstrap_cover():
    """Of 200 samples of 60 fair facts, 95% intervals contain 1/2 about 190 times; 5 sd of that is 15."""
    generator = np.random.default_rng(0)
    hits = 0
    for seed in range(200):
        interval = bootstrap_mean(generator.random(60) < 0.5, ids(60), samples=400, seed=seed)
        hits += interval.lower <= 0.5 <= interval.upper
    assert 175 <= hits <= 200


@pytest.mark.parametrize(
    ("values", "clusters", "message"), [([], [], "0 answers"), ([1, 0], ["a"], "2 values for 1 clusters")]
)
def test_bad_input_is_named(values, clusters, message):
    with pytest.raises(SampleError, match=message):
        bootstrap_mean(values, clusters)
    with pytest.raises(SampleError, match=message):
        paired_difference(values, values, clusters)


def test_m31_kinds_of_clusters_are_drawn_as_the_clusters_would_be():
    """Facts of 1 to 3 questions: against draws of the facts themselves, mean and spread agree within their error."""
    generator = np.random.default_rng(5)
    sizes = generator.integers(1, 4, 60)
    names = np.repeat(ids(60), sizes)
    values = generator.random(names.size) < 0.6
    sums = np.bincount(np.repeat(np.arange(60), sizes), weights=values)
    drawn = generator.integers(0, 60, (20_000, 60))
    means = sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
    lower, upper = np.quantile(means, [0.025, 0.975])
    found = bootstrap_mean(values, list(names), samples=20_000)
    assert (found.lower, found.upper) == (pytest.approx(lower, abs=0.006), pytest.approx(upper, abs=0.006))
