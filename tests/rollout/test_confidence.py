"""The scale on which a confidence is read (M25, M27)."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from medrwr.rollout.confidence import RAW, ConfidenceMap, ConfidenceScale, calibrated_confidence, least_logprob
from medrwr.types import Answer, StopReason, Trajectory


def test_platt_by_hand_m27() -> None:
    """.8 has odds 4; slope 1/2 makes them 2, intercept 0: 2/3. .5 with intercept log 3: 3/4."""
    assert ConfidenceMap("platt", slope=0.5)((0.8, 0.2), 0) == pytest.approx(2 / 3)
    assert ConfidenceMap("platt", intercept=1.0986123)((0.5, 0.5), 1) == pytest.approx(0.75)


def test_an_unsure_finding_makes_the_answer_unsure_m27() -> None:
    """Sampled at -.1 and -2, then inserted, then sampled at -5: the first turn's least is -2. Weight 1/2: odds / e."""
    one = Trajectory(
        "q", (), (1, 2, 3, 4), (1, 1, 0, 1), (-0.1, -2.0, 0.0, -5.0), (), Answer("A"), StopReason.ANSWERED,
        option_probs=(0.5, 0.5),
    )  # fmt: skip
    assert least_logprob(one) == -2.0
    scale = ConfidenceScale(ConfidenceMap("path", path_weight=0.5))
    assert calibrated_confidence(one, scale) == pytest.approx(1 / (1 + math.e))
    assert scale.spread((0.5, 0.5), 0, -2.0) == pytest.approx((1 / (1 + math.e), math.e / (1 + math.e)))
    assert least_logprob(replace(one, logprobs=(-99.0,) * 4)) == -20.0
    assert least_logprob(replace(one, env_mask=(0,) * 4)) == 0.0


def test_isotonic_is_linear_between_its_knots_and_flat_beyond_m27() -> None:
    """Half way from (.4, .2) to (.8, .6): .4."""
    scale = ConfidenceMap("isotonic", knots=((0.4, 0.2), (0.8, 0.6)))
    assert scale((0.6, 0.4), 0) == pytest.approx(0.4)
    assert (scale((0.1, 0.9), 0), scale((0.1, 0.9), 1)) == (0.2, 0.6)


def test_certain_probabilities_stay_probabilities() -> None:
    for scale in (ConfidenceMap("platt", slope=3.0), ConfidenceMap(temperature=0.05)):
        assert 0.0 <= scale((0.0, 1.0), 0) < 0.01
        assert 0.99 < scale((0.0, 1.0), 1) <= 1.0


def test_each_number_of_options_has_its_map_and_an_unseen_number_the_pooled_one() -> None:
    scale = ConfidenceScale(ConfidenceMap("platt", intercept=1.0986123), {4: ConfidenceMap("platt")})
    assert scale.of((0.5, 0.3, 0.1, 0.1), 0) == pytest.approx(0.5)
    assert scale.of((0.5, 0.5), 0) == pytest.approx(0.75)


def test_the_other_options_share_what_is_left() -> None:
    """.8 becomes 2/3; .15 and .05 share 1/3 as three to one."""
    scale = ConfidenceScale(ConfidenceMap("platt", slope=0.5))
    assert scale.spread((0.8, 0.15, 0.05), 0) == pytest.approx((2 / 3, 1 / 4, 1 / 12))
    assert sum(scale.spread((1.0, 0.0, 0.0), 0)) == pytest.approx(1.0)
    assert ConfidenceScale(ConfidenceMap(temperature=2.0)).spread((0.8, 0.2), 0) == pytest.approx((2 / 3, 1 / 3))
    assert RAW.spread((0.8, 0.2), 0) == (0.8, 0.2)
