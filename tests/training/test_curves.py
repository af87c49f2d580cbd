"""Curves: tidy, without missing values, and the same bytes for the same numbers."""

from __future__ import annotations

import math

from medrwr.training.curves import curve, last_mean, write_curve

HISTORY = [
    {"step": 1, "loss": 2.0, "reward/total": 1 / 3, "step_time": 9.0},
    {"step": 2, "loss": math.nan, "reward/total": 0.5},
    {"step": 3, "reward/total": None},
]


def test_curve_keeps_named_finite_values(tmp_path):
    rows = curve(HISTORY, {"loss": "loss", "reward/total": "total"})
    assert rows == [(1, "loss", 2.0), (1, "total", 1 / 3), (2, "total", 0.5)]
    path = write_curve(tmp_path / "plots" / "reward.csv", rows)
    assert path.read_text() == "step,series,value\n1,loss,2\n1,total,0.333333\n2,total,0.5\n"


def test_last_mean_is_over_the_last_logged_steps():
    """(1/3 + 0.5) / 2 over two steps, 0.5 over the last one."""
    assert last_mean(HISTORY, "reward/total", steps=5) == (1 / 3 + 0.5) / 2
    assert last_mean(HISTORY, "reward/total", steps=1) == 0.5
    assert math.isnan(last_mean(HISTORY, "kl", steps=5))
