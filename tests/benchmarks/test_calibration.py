"""Small instances of the calibration benchmark's parts that need no trained chain."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.benchmarks.calibration import bars_of, measure, missed
from tests.benchmarks.calibration_parts.certified import certified, synthetic
from tests.benchmarks.calibration_parts.chain import trained
from tests.benchmarks.calibration_parts.quality import measured


def test_a_missed_bar_is_named() -> None:
    fine = {"quality_ece": 0.05, "quality_auroc": 0.7, "cdir_gain_over_never": 0.01, "cdir_gain_over_never_p": 0.05}
    assert missed(fine) == []
    bad = {"quality_auroc": 0.69, "cdir_gain_over_never": 0.0, "quality_ece": 0.051}
    assert sorted(missed(bad)) == sorted(bad)
    violations = {"certified_most_violations": 0.12, "certified_x_violations": 0.13, "certified_x_feasible": 0.0}
    assert missed(violations) == ["certified_x_violations"]
    assert bars_of(violations) == {"certified_x_violations": "<= 0.12"}


def test_certified_thresholds_keep_their_promise_on_a_synthetic_world() -> None:
    figures = certified([], small=True)
    assert missed(figures) == []
    assert figures["certified_synthetic_right_to_wrong_0.03_feasible"] > 0.9


def test_the_synthetic_world_is_as_it_says() -> None:
    """Mean of c is 2/3 under beta(2, 1): .2 + .75 x 2/3 = .7 are right first."""
    world = synthetic(np.random.default_rng(3), 100_000)
    assert abs(world.before.mean() - 0.7) < 0.01


def test_figures_of_answers_by_hand() -> None:
    """.9 made .75, right in 3 of 4: ECE .15 before, 0 after; Brier .1875, that of the constant."""
    figures = measured([(0.9, 0.75, True)] * 3 + [(0.9, 0.75, False)])
    assert abs(figures["ece_before"] - 0.15) < 1e-9
    assert figures["ece"] < 1e-9
    assert abs(figures["brier_below_constant"]) < 1e-9


def test_parts_of_a_chain_are_left_out_where_there_is_none(tmp_path: Path) -> None:
    assert not trained(tmp_path)
    assert measure("cdir", [], small=True) is None
