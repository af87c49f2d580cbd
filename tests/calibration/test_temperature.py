"""Temperature of the option distribution (M27)."""

import math

import pytest

from medrwr.calibration.temperature import HIGHEST, fit_temperature
from medrwr.errors import SampleError


def test_m27_two_options_right_three_times_of_four():
    """p = (.9, .1), right in 3 of 4: the NLL is least where p_T = 3/4, so log 9 / T = log 3 and T = 2."""
    fit = fit_temperature([(0.9, 0.1)] * 4, [0, 0, 0, 1])
    assert fit.temperature == pytest.approx(2.0, abs=1e-4)
    assert fit.nll_before == pytest.approx(-(3 * math.log(0.9) + math.log(0.1)) / 4)
    assert fit.nll_after == pytest.approx(-(3 * math.log(0.75) + math.log(0.25)) / 4)
    assert (fit.answers, fit.fallback) == (4, "")


def test_under_confident_answers_are_sharpened():
    """p = (.6, .4), right in 9 of 10: log 1.5 / T = log 9, T = .18454."""
    fit = fit_temperature([(0.6, 0.4)] * 10, [0] * 9 + [1])
    assert fit.temperature == pytest.approx(math.log(1.5) / math.log(9), abs=1e-4)


def test_rows_may_differ_in_their_number_of_options():
    fit = fit_temperature([(0.5, 0.5), (0.2, 0.3, 0.5)], [0, 0])
    assert fit.nll_before == pytest.approx(-(math.log(0.5) + math.log(0.2)) / 2)


@pytest.mark.parametrize(("gold", "word"), [([0, 0, 0], "right"), ([1, 1, 1], "wrong")])
def test_one_class_only_keeps_temperature_one_and_says_why(gold, word):
    fit = fit_temperature([(0.9, 0.1)] * 3, gold)
    assert fit.temperature == 1.0
    assert fit.nll_after == fit.nll_before
    assert f"all 3 answers are {word}" in fit.fallback


def test_a_temperature_at_its_bound_is_reported():
    """Right one time in two with p = (.9, .1): the best p_T is 1/2, T runs to its upper bound."""
    fit = fit_temperature([(0.9, 0.1)] * 2, [0, 1])
    assert fit.temperature == pytest.approx(HIGHEST, rel=1e-3)
    assert "edge" in fit.fallback


def test_a_probability_of_zero_is_a_finite_loss():
    assert math.isfinite(fit_temperature([(1.0, 0.0), (0.7, 0.3)], [1, 0]).nll_before)


def test_the_engine_applies_the_fitted_temperature():
    """(.9, .1) at T = 2: weights 3 and 1, so that 3 of 4 right is what it promises."""
    from medrwr.rollout.confidence import temper

    fit = fit_temperature([(0.9, 0.1)] * 4, [0, 0, 0, 1])
    assert temper((0.9, 0.1), fit.temperature) == pytest.approx((0.75, 0.25), abs=1e-4)


@pytest.mark.parametrize(
    ("probs", "gold", "message"),
    [
        ([], [], "0 answers"),
        ([(0.5, 0.5)], [0, 1], "1 option distributions for 2"),
        ([(0.5, 0.5)], [2], "gold option 2"),
    ],
)
def test_bad_input_is_named(probs, gold, message):
    with pytest.raises(SampleError, match=message):
        fit_temperature(probs, gold)
