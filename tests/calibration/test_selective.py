"""Risk-coverage and AUROC (M27, M31)."""

import pytest

from medrwr.calibration.selective import auroc, risk_coverage
from medrwr.errors import SampleError


def test_m31_curve_by_hand():
    """Most confident first: right, wrong, right, right: risks 0, 1/2, 1/3, 1/4; area their mean, 13/48."""
    curve = risk_coverage([0.6, 0.9, 0.8, 0.7], [True, True, False, True])
    assert [point.threshold for point in curve.points] == [0.9, 0.8, 0.7, 0.6]
    assert [point.coverage for point in curve.points] == [0.25, 0.5, 0.75, 1.0]
    assert [point.risk for point in curve.points] == pytest.approx([0, 1 / 2, 1 / 3, 1 / 4])
    assert curve.area == pytest.approx(13 / 48)


def test_ties_do_not_depend_on_the_order_of_the_file():
    """Two at .9, one of them wrong: risk 1/2 twice; then one right at .1: 1/3. Area (1/2 + 1/2 + 1/3) / 3."""
    one = risk_coverage([0.9, 0.9, 0.1], [True, False, True])
    two = risk_coverage([0.1, 0.9, 0.9], [True, False, True])
    assert one == two
    assert len(one.points) == 2
    assert one.area == pytest.approx(4 / 9)


@pytest.mark.parametrize(("correct", "area"), [([True] * 3, 0.0), ([False] * 3, 1.0)])
def test_all_right_or_all_wrong(correct, area):
    assert risk_coverage([0.2, 0.5, 0.9], correct).area == pytest.approx(area)


def test_auroc_by_hand():
    """Right at .9 and .4, wrong at .4 and .1: of four pairs three are in order and one is a tie: 3.5 / 4."""
    assert auroc([0.9, 0.4, 0.4, 0.1], [True, True, False, False]) == pytest.approx(0.875)


@pytest.mark.parametrize("correct", [[True, True], [False, False]])
def test_auroc_of_one_class_does_not_exist(correct):
    assert auroc([0.5, 0.6], correct) is None


def test_empty_split():
    with pytest.raises(SampleError, match="0 answers"):
        risk_coverage([], [])
