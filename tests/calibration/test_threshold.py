"""The threshold of image re-retrieval (M26, M27)."""

import numpy as np
import pytest

from medrwr.calibration.threshold import budgeted_threshold, fixed_threshold, threshold_curve
from medrwr.errors import SampleError

CONFIDENCE = [0.2, 0.4, 0.6, 0.9]
BEFORE = [False, False, True, True]
AFTER = [True, False, False, True]


def test_m27_curve_by_hand():
    """Asking the .2 again gains one; the .4 stays wrong; the .6 is lost; the .9 stays right."""
    curve = threshold_curve(CONFIDENCE, BEFORE, AFTER)
    assert [point.threshold for point in curve] == pytest.approx([0.0, 0.3, 0.5, 0.75, 1.0])
    assert [point.share for point in curve] == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert [point.accuracy for point in curve] == [0.5, 0.75, 0.75, 0.5, 0.5]
    assert [(point.gained, point.lost) for point in curve] == [(0, 0), (1, 0), (1, 0), (1, 1), (1, 1)]
    assert [point.left_alone_error for point in curve] == pytest.approx([1 / 2, 1 / 3, 0.0, 0.0, 0.0])


def test_among_equals_the_fewest_are_asked_again():
    choice = budgeted_threshold(1.0, CONFIDENCE, BEFORE, AFTER)
    assert choice.point.threshold == pytest.approx(0.3)
    assert choice.accuracy_without == 0.5
    assert choice.fallback == ""


def test_the_papers_fixed_value():
    """.8 asks .2, .4 and .6 again: one gained, one lost."""
    choice = fixed_threshold(0.8, CONFIDENCE, BEFORE, AFTER)
    assert (choice.method, choice.point.threshold, choice.point.share, choice.point.accuracy) == (
        "fixed",
        0.8,
        0.75,
        0.5,
    )


@pytest.mark.parametrize("seed", range(40))
def test_m27_search_equals_brute_force(seed):
    """No lambda of a fine grid that respects the budget is more accurate than the chosen one."""
    generator = np.random.default_rng(seed)
    size = int(generator.integers(1, 30))
    confidence = generator.integers(0, 11, size) / 10  # ties on purpose
    before, after = generator.random(size) < 0.5, generator.random(size) < 0.6
    budget = float(generator.choice([0.0, 0.1, 0.3, 1.0]))
    chosen = budgeted_threshold(budget, confidence, before, after).point
    accuracies = []
    for threshold in np.linspace(0, 1, 201):
        again = confidence < threshold
        if again.mean() <= budget:
            accuracies.append(np.where(again, after, before).mean())
    assert chosen.share <= budget
    assert chosen.accuracy == pytest.approx(max(accuracies))
    assert (confidence < chosen.threshold).mean() == pytest.approx(chosen.share)


def test_re_retrieval_that_never_helps_is_switched_off_and_said():
    choice = budgeted_threshold(0.5, [0.1, 0.9], [True, True], [False, False])
    assert choice.point.threshold == 0.0
    assert "more accurate than none" in choice.fallback


def test_a_budget_below_one_answer_is_said():
    choice = budgeted_threshold(0.2, [0.5, 0.5], [False, False], [True, True])
    assert choice.point.share == 0.0
    assert "at most 20%" in choice.fallback


def test_certain_answers_are_never_asked_again():
    choice = budgeted_threshold(0.5, [1.0, 1.0], [False, True], [True, True])
    assert (choice.point.threshold, choice.point.share) == (0.0, 0.0)
    assert "below a confidence of 1" in choice.fallback


def test_all_right_and_all_wrong_have_nothing_to_choose():
    assert budgeted_threshold(1.0, [0.5, 0.6], [True, True], [True, True]).point.threshold == 0.0
    assert budgeted_threshold(1.0, [0.5, 0.6], [False, False], [False, False]).point.threshold == 0.0


@pytest.mark.parametrize(
    ("budget", "confidence", "before", "after", "message"),
    [
        (0.5, [], [], [], "0 answers"),
        (1.5, [0.5], [True], [True], r"calibrate\.budget"),
        (0.5, [0.5], [True], [True, False], "1 confidences for 2 verdicts"),
    ],
)
def test_bad_input_is_named(budget, confidence, before, after, message):
    with pytest.raises(SampleError, match=message):
        budgeted_threshold(budget, confidence, before, after)
