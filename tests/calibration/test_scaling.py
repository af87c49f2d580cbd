"""Platt and isotonic scaling, for each number of options, and the choice among them (M27)."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from medrwr.calibration.choosing import best_scaling, cross_validate
from medrwr.calibration.sample import AnswerSample
from medrwr.calibration.scaling import SCALINGS, fit_map, fit_scale
from medrwr.errors import SampleError


def sample(raw: float, right: bool, *, options: int = 2, cluster: str = "") -> AnswerSample:
    rest = (1 - raw) / (options - 1)
    return AnswerSample((raw, *[rest] * (options - 1)), 0, 0 if right else 1, cluster)


def test_m27_platt_by_hand() -> None:
    """At .9: 3 of 4 right, at .5: 2 of 4. Five right, three wrong: targets 6/7 and 1/5.

    Two levels, two parameters: the fit meets the mean target of each. (3 x 6/7 + 1/5) / 4 = 97/140 at log-odds log 9,
    (2 x 6/7 + 2/5) / 4 = 37/70 at 0. So the intercept is log(37/33), the slope (log(97/43) - log(37/33)) / log 9.
    """
    samples = [sample(0.9, n < 3) for n in range(4)] + [sample(0.5, n < 2) for n in range(4)]
    fitted, note = fit_map("platt", samples)
    assert fitted.intercept == pytest.approx(math.log(37 / 33), abs=1e-3)
    assert fitted.slope == pytest.approx((math.log(97 / 43) - math.log(37 / 33)) / math.log(9), abs=1e-3)
    assert fitted((0.9, 0.1), 0) == pytest.approx(97 / 140, abs=1e-3)
    assert (note, fitted.answers) == ("", 8)


def test_m27_path_by_hand() -> None:
    """All at .5. Least token at 0: 3 of 4 right, at -2: 2 of 4. Targets as for Platt: 97/140 at 0, 37/70 at -2.

    So the intercept is log(97/43), and the weight half of what it is above log(37/33).
    """
    samples = [replace(sample(0.5, n < 3), least=0.0) for n in range(4)]
    samples += [replace(sample(0.5, n < 2), least=-2.0) for n in range(4)]
    fitted, note = fit_map("path", samples)
    assert fitted.intercept == pytest.approx(math.log(97 / 43), abs=1e-3)
    assert fitted.path_weight == pytest.approx((math.log(97 / 43) - math.log(37 / 33)) / 2, abs=1e-3)
    assert fitted((0.5, 0.5), 0, -2.0) == pytest.approx(37 / 70, abs=1e-3)
    assert (fitted.method, note) == ("path", "")


def test_m27_isotonic_by_hand() -> None:
    """.2 wrong, .4 right, .6 wrong, .8 right: the middle two are pooled at 1/2; 0 and 1 are drawn in to 1/6 and 5/6."""
    samples = [sample(0.2, False), sample(0.4, True), sample(0.6, False), sample(0.8, True)]
    fitted, _ = fit_map("isotonic", samples)
    read = [fitted((raw, 1 - raw), 0) for raw in (0.1, 0.2, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)]
    assert read == pytest.approx([1 / 6, 1 / 6, 1 / 2, 1 / 2, 1 / 2, 2 / 3, 5 / 6, 5 / 6])


def test_confidence_that_is_upside_down_is_made_constant_and_said() -> None:
    samples = [sample(0.9, False)] * 10 + [sample(0.5, True)] * 10
    fitted, note = fit_map("platt", samples)
    assert fitted((0.9, 0.1), 0) == pytest.approx(fitted((0.5, 0.5), 0))
    assert "does not tell right from wrong" in note


@pytest.mark.parametrize("scaling", SCALINGS)
@pytest.mark.parametrize("right", [True, False])
def test_one_class_only_leaves_confidence_as_it_is(scaling: str, right: bool) -> None:
    fitted, note = fit_map(scaling, [sample(0.7, right)] * 5)  # type: ignore[arg-type]
    assert fitted((0.7, 0.3), 0) == pytest.approx(0.7)
    assert scaling == "none" or f"all 5 answers are {'right' if right else 'wrong'}" in note


def test_each_number_of_options_is_fitted_alone_where_there_are_enough() -> None:
    """Two options: .9 is right in 3 of 4; four options: in 1 of 4; ten options are too few and read as all together."""
    two = [sample(0.9, n % 4 < 3) for n in range(200)]
    four = [sample(0.9, n % 4 < 1, options=4) for n in range(200)]
    ten = [sample(0.9, n % 2 == 0, options=10) for n in range(8)]
    fit = fit_scale("isotonic", [*two, *four, *ten])
    read = {n: fit.scale.of((0.9, *[0.1 / (n - 1)] * (n - 1)), 0) for n in (2, 4, 10, 5)}
    assert read == pytest.approx({2: 0.75, 4: 0.25, 10: 0.5, 5: 0.5})
    assert fit.notes == ("8 right and wrong answers with 10 options: they are read by the pooled map",)
    assert set(fit.scale.by_options) == {2, 4, 10}


def test_the_scaling_that_errs_least_on_held_out_facts_is_chosen() -> None:
    """Half right above .6, hardly ever below: a step, which isotonic follows and a temperature cannot."""
    draw = np.random.default_rng(3)
    raw = draw.uniform(0.3, 1.0, 600)
    chance = np.where(raw > 0.6, 0.5, 0.02)
    samples = [
        sample(float(p), bool(draw.random() < c), options=4, cluster=f"f{n // 3}")
        for n, (p, c) in enumerate(zip(raw, chance, strict=True))
    ]
    measured = cross_validate(samples)
    assert best_scaling(measured) == "isotonic"
    assert measured["isotonic"].ece < 0.07 < measured["temperature"].ece
    assert measured["none"].ece > 0.3


def test_one_fact_cannot_be_folded() -> None:
    assert cross_validate([sample(0.9, True, cluster="f")] * 4) == {}
    assert best_scaling({}) == "temperature"


def test_nothing_to_fit_on() -> None:
    with pytest.raises(SampleError, match="0 answers"):
        fit_scale("platt", [])
