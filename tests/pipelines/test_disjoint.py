"""The pipeline refuses data whose splits overlap (M14)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from medrwr.errors import ArtefactError, OverlapError
from medrwr.records import write_records
from medrwr.types import Demonstration, DemonstrationStep, Question
from pipelines.disjoint import require_disjoint_splits
from pipelines.paths import Paths

WORDS = (
    "granular apical ring",
    "banded basal wedge",
    "lucent medial disc",
    "reticular lateral band",
    "smooth septal arc",
)


def ask(number: int, *, split: str) -> Question:
    text = f"The scan of a person aged {number} shows a {WORDS[number]}. Which drug number {number} is given first?"
    return Question(f"{split}-{number}", text, (f"drug{number}", f"cure{number}"), 0)


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    """One item a split: numbers 0 to 4 are of different signs."""
    paths = Paths(tmp_path)
    for number, split in enumerate(("rl_text", "rl_image", "calibration", "test")):
        write_records(paths.questions(split), [ask(number, split=split)])
    step = DemonstrationStep("A ring.", "ring, treatment")
    write_records(paths.demonstrations, [Demonstration(ask(4, split="sft"), (step,), "So.")])
    return paths


def test_m14_disjoint_splits_pass(paths):
    """Three training sets against calibration (3 pairs), and those and calibration against test (4 pairs)."""
    assert require_disjoint_splits(paths) == 7


@pytest.mark.parametrize(("into", "origin"), [("test", 4), ("test", 2), ("calibration", 0)])
def test_m14_an_item_of_another_split_fails_the_stage(paths, into, origin):
    stolen = replace(ask(origin, split="copy"), question_id="stolen")
    write_records(paths.questions(into), [stolen])
    with pytest.raises(OverlapError, match=rf"overlap {into}: .* ~ stolen \(text, 1\.00\)"):
        require_disjoint_splits(paths)


def test_a_missing_split_is_named(paths):
    paths.questions("test").unlink()
    with pytest.raises(ArtefactError, match=r"test\.jsonl does not exist"):
        require_disjoint_splits(paths)
