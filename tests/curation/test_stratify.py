"""Stratify (M13): always-right questions are dropped, the rest is easy or hard by accuracy."""

from __future__ import annotations

import pytest

from medrwr.curation.answering import Tally
from medrwr.curation.stratify import histogram, pooled_accuracy, stratify
from medrwr.errors import ConfigError
from medrwr.types import Question


def question(index: int) -> Question:
    return Question(f"q{index}", f"Which drug is number {index}?", ("kemopril", "tarvexan", "dolmidone"), index % 3)


def test_m13_always_right_dropped_and_the_rest_split_above_the_median() -> None:
    """Kept are .1 .3 .3 .9: the lower middle is .3, so only .9 is easy; the one at 1.0 is dropped."""
    questions = [question(i) for i in range(5)]
    result = stratify(questions, [0.3, 1.0, 0.9, 0.1, 0.3])
    assert [(q.question_id, q.difficulty) for q in result.questions] == [
        ("q0", "hard"),
        ("q2", "easy"),
        ("q3", "hard"),
        ("q4", "hard"),
    ]
    assert (result.dropped, result.count("easy"), result.count("hard")) == (1, 1, 3)


def test_equal_accuracies_are_never_split() -> None:
    assert {q.difficulty for q in stratify([question(0), question(1)], [0.2, 0.2]).questions} == {"hard"}
    assert stratify([question(0)], [1.0]).questions == ()


def test_m13_two_policies_count_alike_and_always_right_means_both() -> None:
    """(10 + 10) / 20 = 1; (10 + 9) / 20 = .95; (0 + 3) / 20 = .15."""
    one = [Tally("a", "", 10, 10), Tally("b", "", 10, 10), Tally("c", "", 0, 10)]
    two = [Tally("a", "", 10, 10), Tally("b", "", 9, 10), Tally("c", "", 3, 10)]
    assert pooled_accuracy({"one": one, "two": two}) == pytest.approx([1.0, 0.95, 0.15])
    with pytest.raises(ConfigError, match="no policy is named"):
        pooled_accuracy({})


def test_the_histogram_has_tenths_and_a_bin_for_always_right() -> None:
    """.3 is the fourth tenth's first value, though 0.1 + 0.2 is a little more and 3 / 10 * 10 may be a little less."""
    assert histogram([0.0, 0.05, 0.3, 0.1 + 0.2, 0.95, 1.0]) == [2, 0, 0, 2, 0, 0, 0, 0, 0, 1, 1]
