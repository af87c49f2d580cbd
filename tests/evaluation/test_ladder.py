"""Rungs by cells (M28-M31)."""

import pytest

from medrwr.errors import SampleError
from medrwr.evaluation.ladder import Resampling, Rung, assemble, cell_of, chance_of, compare_verdicts, draw
from medrwr.evaluation.scorer import judge_all
from tests.evaluation.fakes import question, trajectory

HELD_OUT = "echocardiography"
RESAMPLING = Resampling(samples=500, seed=1)


def answered(questions, letters):
    return judge_all(questions, [trajectory(q, letter) for q, letter in zip(questions, letters, strict=True)])


def test_cells_follow_modality_and_image():
    assert cell_of(question(1), HELD_OUT) == "held_in_text"
    assert cell_of(question(1, image=True), HELD_OUT) == "held_in_image"
    assert cell_of(question(1, modality=HELD_OUT), HELD_OUT) == "held_out_text"
    assert cell_of(question(1, modality=HELD_OUT, image=True), HELD_OUT) == "held_out_image"


def test_a_smaller_draw_is_a_prefix_whatever_the_order_of_the_file():
    questions = [question(n, image=n % 2 == 0, modality=HELD_OUT if n % 3 else "ultrasound") for n in range(60)]
    large = draw(questions, HELD_OUT, per_cell=8, seed=7)
    small = draw(questions[::-1], HELD_OUT, per_cell=3, seed=7)
    assert {cell: len(picked) for cell, picked in large.items()} == dict.fromkeys(large, 8)
    assert all(large[cell][:3] == small[cell] for cell in large)
    assert draw(questions, HELD_OUT, per_cell=8, seed=8) != large


def test_a_cell_without_questions_is_left_out():
    assert list(draw([question(1)], HELD_OUT, per_cell=5, seed=0)) == ["held_in_text"]
    with pytest.raises(SampleError, match="0 questions to evaluate"):
        draw([], HELD_OUT, per_cell=5, seed=0)


def test_rungs_are_compared_on_common_questions():
    """Base answers 2 of the 4: common are q0 and q1; base right on q0 only, final on both: one gained."""
    questions = [question(n) for n in range(4)]
    verdicts = {
        "base": {"held_in_text": answered(questions[:2], "AB")},
        "final": {"held_in_text": answered(questions, "AAAB")},
    }
    ladder = assemble(
        [Rung("base", "Base"), Rung("final", "Final")],
        verdicts,
        compare=[("base", "final")],
        chance={"held_in_text": 0.25},
        resampling=RESAMPLING,
    )
    assert ladder.cell("base", "held_in_text").accuracy.estimate == 0.5
    assert ladder.cell("final", "held_in_text").accuracy.estimate == 0.75
    assert ladder.cell("final", "held_out_text") is None
    comparison = ladder.comparison("held_in_text", "base", "final")
    assert comparison.difference.interval.questions == 2
    assert (comparison.difference.gained, comparison.difference.lost) == (1, 0)


def test_pairs_are_matched_by_id_not_by_place():
    one, two = question(1), question(2)
    difference = compare_verdicts(answered([one, two], "AB"), answered([two, one], "BA"), RESAMPLING)
    assert (difference.gained, difference.lost) == (0, 0)


def test_rungs_without_a_common_question_are_refused():
    with pytest.raises(SampleError, match="0 questions answered by both"):
        compare_verdicts(answered([question(1)], "A"), answered([question(2)], "A"), RESAMPLING)


def test_chance_by_hand():
    """Four options and two options: (1/4 + 1/2) / 2."""
    assert chance_of([question(1), question(2, options=("yes", "no"))]) == pytest.approx(0.375)
    with pytest.raises(SampleError, match="chance is undefined"):
        chance_of([])
