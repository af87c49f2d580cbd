"""The harnesses' own ways of reading, on examples worked out from their published code (M28)."""

from __future__ import annotations

import pytest

from medrwr.errors import ConfigError
from medrwr.evaluation.scoring.modes import MODES, mode_of
from medrwr.evaluation.scoring.native import Reading, read_medxpertqa, read_mirage, read_mmmu, read_vqa
from medrwr.evaluation.scoring.vqa import exact, fold, recall

DRUGS = ("kemopril", "metoral", "tarvenol", "sorimab")
YES_NO = ("yes", "no")


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("C", "C"),
        ("B or C", "B"),
        ("D, of course", "D"),
        ('{"step": "x", "answer_choice": "C"}', "C"),
        ("I take option B here", "B"),
        ("Answer: D", "D"),
        ("B. metoral", "B"),
        ("<think>x: A</think><answer>C. tarvenol</answer>", "C"),
    ],
)
def test_m28_mirage(text: str, letter: str) -> None:
    assert read_mirage(text, DRUGS) == Reading(letter)


def test_m28_mirage_puts_in_an_a() -> None:
    assert read_mirage("no idea", DRUGS) == Reading("A", guessed=True)


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("Therefore, among A through D, the answer is (C).", "C"),
        ("The answer is A. On reflection, the answer is D", "D"),
        ("Definitely B", "D"),  # its first capital among the letters
        ("nothing", None),
    ],
)
def test_m28_medxpertqa(text: str, letter: str | None) -> None:
    assert read_medxpertqa(text, DRUGS) == Reading(letter)


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("First (A), then (C).", "C"),
        ("I choose B because it fits", "B"),
        ("The drug that is given first is Tarvenol here", "C"),
        ("(B) or D ?", "B"),
    ],
)
def test_m28_mmmu(text: str, letter: str) -> None:
    assert read_mmmu(text, DRUGS) == Reading(letter)


def test_m28_mmmu_draws_where_nothing_is_found_and_says_so() -> None:
    drawn = [read_mmmu(f"garbage {number}", DRUGS) for number in range(400)]
    assert all(one.guessed for one in drawn)
    assert drawn == [read_mmmu(f"garbage {number}", DRUGS) for number in range(400)]
    counts = [sum(one.letter == letter for one in drawn) for letter in "ABCD"]
    assert min(counts) > 60  # 100 expected, 5 standard deviations are 43


@pytest.mark.parametrize(
    ("text", "letter"),
    [("Yes.", "A"), ("no", "B"), ("B. No", "B"), ("yes and no", None), ("", None), ("the yes", "A")],
)
def test_m28_vqa(text: str, letter: str | None) -> None:
    assert read_vqa(text, YES_NO) == Reading(letter)


def test_m28_words_are_folded_and_compared_by_hand() -> None:
    assert fold("The two lungs, a 1,000 mL-effusion!") == "2 lungs 1000 ml effusion"
    assert fold("1.5 cm.") == "1.5 cm"
    assert exact("The right lung", ["left lung", "right lung"])
    assert not exact("", ["right lung"])
    assert not exact("the", ["the"])  # nothing is left of it
    assert recall("the right upper lung", ["right lung base"]) == pytest.approx(2 / 3)
    assert recall("right", ["left lung", "right"]) == 1.0
    assert recall("", ["x"]) == 0.0


def test_modes_have_names() -> None:
    assert set(MODES) == {"strict", "mirage", "medxpertqa", "mmmu", "vqa"}
    with pytest.raises(ConfigError, match="did you mean 'mirage'"):
        mode_of("mirrage")
