"""The exact paired test by sign flips, and Holm's correction (M31)."""

import itertools

import numpy as np
import pytest

from medrwr.errors import SampleError
from medrwr.evaluation.permutation import holm, paired_permutation
from medrwr.evaluation.statistics import mcnemar


def test_m31_single_answers_give_mcnemar():
    """5 gained, 1 lost, each its own fact: 2 x (C(6,0) + C(6,1)) / 2^6 = 14/64."""
    first, second = [0] * 5 + [1] + [1] * 4, [1] * 5 + [0] + [1] * 4
    p = paired_permutation(first, second, [f"f{index}" for index in range(10)])
    assert p == pytest.approx(14 / 64)
    assert p == pytest.approx(mcnemar(5, 1))


def test_m31_one_fact_is_one_coin():
    """6 gains about one fact are one observation: + or -, p 1; about 2 facts, 2 of 4 patterns: p .5."""
    assert paired_permutation([0] * 6, [1] * 6, ["a"] * 6) == pytest.approx(1.0)
    assert paired_permutation([0] * 6, [1] * 6, ["a", "b"] * 3) == pytest.approx(0.5)


def test_m31_every_sign_pattern_is_counted():
    """Shares over 4 runs: against all 2^8 patterns, one by one."""
    generator = np.random.default_rng(0)
    first, second = generator.integers(0, 5, 8) / 4, generator.integers(0, 5, 8) / 4
    difference = second - first
    sums = [abs(np.dot(signs, difference)) for signs in itertools.product([-1, 1], repeat=8)]
    expected = np.mean([one >= abs(difference.sum()) - 1e-9 for one in sums])
    assert paired_permutation(first, second, list("abcdefgh"), runs=4) == pytest.approx(expected)


def test_no_difference_is_certain():
    assert paired_permutation([1, 0], [1, 0], ["a", "b"]) == 1.0


def test_m31_holm_by_hand():
    """Sorted .01 .02 .03 .04 x 4 3 2 1 = .04 .06 .06 .04, never below the one before."""
    assert holm([0.04, 0.01, 0.03, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert holm([0.6, 0.7]) == pytest.approx([1.0, 1.0])


def test_bad_values_name_the_remedy():
    with pytest.raises(SampleError, match="no multiple of 1/1"):
        paired_permutation([0.25], [1.0], ["a"])
    with pytest.raises(SampleError, match="1 and 2 values"):
        paired_permutation([1], [1, 0], ["a"])
    with pytest.raises(SampleError, match="in \\[0, 1\\]"):
        holm([1.2])
