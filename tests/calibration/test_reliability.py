"""Reliability diagram, ECE and Brier score (M27, M31)."""

import pytest

from medrwr.calibration.reliability import reliability
from medrwr.errors import SampleError


def test_m31_ece_by_hand():
    """(.9, 1]: .95 right, gap .05. (.8, .9]: .85 right and wrong, gap .35. (.3, .4]: .35 wrong, gap .35.

    ECE = (1 x .05 + 2 x .35 + 1 x .35) / 4 = .275; Brier = (.0025 + .0225 + .7225 + .1225) / 4 = .2175.
    """
    result = reliability([0.95, 0.85, 0.85, 0.35], [True, True, False, False], bins=10)
    assert result.ece == pytest.approx(0.275)
    assert result.largest_gap == pytest.approx(0.35)
    assert result.brier == pytest.approx(0.2175)
    assert [row.count for row in result.bins] == [0, 0, 0, 1, 0, 0, 0, 0, 2, 1]
    assert result.bins[8].accuracy == pytest.approx(0.5)
    assert result.bins[8].confidence == pytest.approx(0.85)
    assert result.bins[0].accuracy is None


def test_m31_adaptive_ece_and_the_constant_predictor_by_hand():
    """Two bins of two: .35 and .85 wrong, gap 1.2; .86 and .95 right, gap .19. (1.2 + .19) / 4 = .3475.

    Two of four are right: the constant .5 has Brier .25.
    """
    result = reliability([0.95, 0.86, 0.85, 0.35], [True, True, False, False], bins=2)
    assert result.ece_adaptive == pytest.approx(0.3475)
    assert result.brier_constant == pytest.approx(0.25)


def test_ties_share_a_bin_whatever_the_order_of_the_file():
    """Four at .5, two of them right, are one bin without a gap; sorted by correctness they would be two of gap .5."""
    assert reliability([0.5] * 4, [True, True, False, False], bins=2).ece_adaptive == pytest.approx(0.0)
    assert reliability([0.5] * 4, [False, True, False, True], bins=2).ece_adaptive == pytest.approx(0.0)


def test_bins_are_closed_on_the_right_and_the_first_holds_zero():
    result = reliability([0.0, 0.5, 0.51, 1.0], [False, True, True, True], bins=2)
    assert [row.count for row in result.bins] == [2, 2]


def test_perfect_confidence_has_no_error():
    result = reliability([1.0, 1.0, 0.0], [True, True, False])
    assert (result.ece, result.brier) == (0.0, 0.0)


@pytest.mark.parametrize(("correct", "ece"), [([True] * 4, 0.2), ([False] * 4, 0.8)])
def test_all_right_or_all_wrong_is_still_a_number(correct, ece):
    assert reliability([0.8] * 4, correct).ece == pytest.approx(ece)


@pytest.mark.parametrize(
    ("confidence", "correct", "message"),
    [
        ([], [], "0 answers"),
        ([0.5], [True, False], "1 confidences for 2 verdicts"),
        ([1.5], [True], "outside"),
        ([float("nan")], [True], "outside"),
    ],
)
def test_bad_input_is_named(confidence, correct, message):
    with pytest.raises(SampleError, match=message):
        reliability(confidence, correct)


def test_no_bins():
    with pytest.raises(SampleError, match=r"calibrate\.bins"):
        reliability([0.5], [True], bins=0)
