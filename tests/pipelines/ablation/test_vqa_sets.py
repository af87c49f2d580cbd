"""Table 13's request and rows (M30); the runs behind it are those of `medrwr eval`."""

from __future__ import annotations

from pathlib import Path

import pytest

from medrwr.datasets.benchmarks.registry import BENCHMARKS
from medrwr.errors import ConfigError
from medrwr.evaluation.runs.comparison import Difference
from medrwr.evaluation.statistics import paired_difference
from pipelines.ablation.vqa_sets import PUBLISHED, sources_of, write_sets


def test_m30_the_sets_are_benchmarks_of_the_registry() -> None:
    assert PUBLISHED.keys() <= BENCHMARKS.keys()


def test_m30_the_papers_accuracies_stand_before_ours(tmp_path: Path) -> None:
    """1 of 4 right, then 3 of 4: +50 points."""
    difference = paired_difference([1, 0, 0, 0], [1, 1, 1, 0], ["a", "b", "c", "d"], samples=100)
    text = write_sets(tmp_path, [Difference("vqa-rad", "closed", 0.25, 0.75, difference, 0, holm_p=0.5)])
    assert "| vqa-rad | 4 | 73.1 | 75.4 | 25.0 | 75.0 | +50.0 [" in text
    assert (tmp_path / "table13.md").read_text() == text


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([], "table13 needs its sets: --data vqa-rad=FOLDER"),
        (["medqa=x"], "--data 'medqa=x', expected NAME=PLACE with a name of slake-en"),
        (["vqa-rad"], "--data 'vqa-rad', expected NAME=PLACE"),
    ],
)
def test_what_is_no_set_is_told(given: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        sources_of(given)
