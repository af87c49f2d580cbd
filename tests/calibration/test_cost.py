"""The cost-aware threshold (M27)."""

from __future__ import annotations

import pytest

from medrwr.calibration.cost import Costs, costed_threshold
from medrwr.errors import SampleError

CONFIDENCE = [0.2, 0.4, 0.6, 0.9]
BEFORE = [False, False, True, True]
AFTER = [True, True, False, True]


def test_m27_gain_by_hand() -> None:
    """Asking .2 and .4 again gains two for two looks: .5 - .1 x .5 = .45; .6 as well loses one: .5 - .5 - .075."""
    choice = costed_threshold(Costs(look=0.1, flip=1.0), CONFIDENCE, BEFORE, AFTER)
    assert (choice.method, choice.point.threshold, choice.point.gained) == ("cost", pytest.approx(0.5), 2)
    gains = [Costs(0.1, 1.0).gain(point, 4) for point in choice.curve]
    assert gains == pytest.approx([0.0, 0.225, 0.45, -0.075, -0.1])


def test_looks_that_cost_more_than_they_gain_are_not_taken() -> None:
    choice = costed_threshold(Costs(look=1.01, flip=0.0), CONFIDENCE, BEFORE, AFTER)
    assert choice.point.threshold == 0.0
    assert "gains more than its cost of 1.01 a look" in choice.fallback


def test_a_negative_cost() -> None:
    with pytest.raises(SampleError, match=r"calibrate\.look_cost"):
        costed_threshold(Costs(look=-1.0), CONFIDENCE, BEFORE, AFTER)
