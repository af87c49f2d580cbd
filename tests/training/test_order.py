"""The curriculum (M13): easy first, hard later, every question of a difficulty once before any comes again."""

from __future__ import annotations

import dataclasses

import pytest

from medrwr.errors import ArtefactError
from medrwr.training.order import training_order


def graded(world):
    """Text questions 0-4 easy, 5-7 hard."""
    return [dataclasses.replace(q, difficulty="easy" if i < 5 else "hard") for i, q in enumerate(world.text)]


def test_m13_easy_first_hard_later(world):
    order = training_order(graded(world), count=12, seed=1, curriculum=True)
    assert [q.difficulty for q in order] == ["easy"] * 6 + ["hard"] * 6
    assert len({q.question_id for q in order[:5]}) == 5
    assert len({q.question_id for q in order[6:9]}) == 3


def test_without_curriculum_each_question_is_seen_before_any_is_again(world):
    order = training_order(graded(world), count=16, seed=1, curriculum=False)
    assert (
        {q.question_id for q in order[:8]} == {q.question_id for q in order[8:]} == {q.question_id for q in world.text}
    )
    assert order == training_order(graded(world), count=16, seed=1, curriculum=False)
    assert order != training_order(graded(world), count=16, seed=2, curriculum=False)


def test_one_difficulty_alone_takes_all_places(world):
    assert len(training_order(world.text, count=9, seed=1, curriculum=True)) == 9


def test_no_question_is_an_error_that_says_what_to_do():
    with pytest.raises(ArtefactError, match="no question is left"):
        training_order([], count=1, seed=1, curriculum=True)
