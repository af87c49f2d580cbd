"""Stage `calibrate`: its plots (M27)."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from medrwr.calibration.fitting import fit_calibration
from medrwr.config import CalibrateSettings
from medrwr.rollout.cdir import CdirRule, Reretrieval
from pipelines.calibrate import write_plots
from tests.evaluation.fakes import question, trajectory


def test_m27_plots_show_what_each_threshold_gains_costs_and_risks(tmp_path: Path) -> None:
    """Wrong at .3, right after; right at .6, lost after; right at .9: at .45 one of three is gained for one look."""
    asked = [question(number, image=True) for number in range(3)]
    answers = [("B", 0.3, "A"), ("A", 0.6, "B"), ("A", 0.9, "A")]
    pairs = []
    for one, (first, confidence, second) in zip(asked, answers, strict=True):
        before, after = trajectory(one, first, confidence=confidence), trajectory(one, second, confidence=0.95)
        pairs.append(Reretrieval(before, after, after))
    settings = CalibrateSettings(method="none", budget=1.0, look_cost=0.1, flip_cost=1.0)
    write_plots(tmp_path, fit_calibration(asked, pairs, settings, CdirRule(2.0)), settings)

    with (tmp_path / "threshold.csv").open() as stream:
        rows = [{name: float(value) for name, value in row.items()} for row in csv.DictReader(stream)]
    assert [row["threshold"] for row in rows] == pytest.approx([0.0, 0.45, 0.75, 1.0])
    assert [row["net_gain"] for row in rows] == pytest.approx([0, 0.3, -0.4, -0.43333], abs=1e-5)
    assert [row["left_alone_error"] for row in rows] == pytest.approx([1 / 3, 0, 0, 0], abs=1e-5)
    assert [row["right_to_wrong"] for row in rows] == pytest.approx([0, 0, 1 / 3, 1 / 3], abs=1e-5)
    assert {file.name for file in tmp_path.iterdir()} == {"threshold.csv", "reliability.csv", "risk_coverage.csv"}
