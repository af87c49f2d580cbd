"""The measurement of a summary's time and memory, small; its figures by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmarks.calibration import measure, missed
from tests.benchmarks.calibration_parts.summary import summarise, write_runs


def test_a_small_summary_is_measured_and_within_bounds() -> None:
    figures = measure("summary", [], small=True)
    assert figures is not None
    assert figures["summary_answers"] == 1600
    assert missed(figures) == []


def test_m31_the_summary_finds_what_was_put_in(tmp_path: Path) -> None:
    """Accuracies of .55 and .57, confidence .3 to 1 of mean .65: what is found is near, and pooled."""
    write_runs(tmp_path, 2000)
    figures = summarise(tmp_path)
    assert figures["summary_accuracy"] == pytest.approx(0.56, abs=0.02)
    assert figures["summary_difference"] == pytest.approx(0.02, abs=0.03)
    assert 0 < figures["summary_permutation_p"] <= 1
    assert figures["summary_flips"] > 0
