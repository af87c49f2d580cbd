"""Flags of test questions that resemble what was learnt or can be looked up (M14), by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from medrwr.evaluation.contamination import near_images, near_texts, shared_runs
from tests.evaluation.fakes import question

TEXT = "a b c d e f g h i j k l m n o p"  # 16 words: four runs of 13


def asked(number, text, *, image=False):
    return replace(question(number, image=image), text=text)


def test_m14_half_of_a_questions_runs_in_one_item_are_a_flag():
    questions = [asked(1, TEXT), asked(2, "What is seen here?")]
    items = [
        ("quarter", "x a b c d e f g h i j k l m, then other words"),  # one run of the four
        ("half", "A, b; c d e f g h i j k l m n. Then other words"),  # two
        ("short", "What is seen here?"),  # no run at all
    ]
    (flag,) = shared_runs(questions, iter(items), "training")
    assert (flag.question_id, flag.other_id, flag.means, flag.similarity) == ("q1", "half", "n-gram", 0.5)
    (best,) = shared_runs(questions, [*items, ("whole", TEXT)], "training")
    assert (best.other_id, best.similarity) == ("whole", 1.0)


def test_m14_a_question_of_eight_to_twelve_words_is_one_run():
    questions = [asked(1, "a b c d e f g h"), asked(2, "a b c d e f g")]
    (flag,) = shared_runs(questions, [("item", "z a b c d e f g h z")], "training")
    assert (flag.question_id, flag.similarity) == ("q1", 1.0)


def test_m14_near_vectors_are_flags_where_words_tell_questions_apart():
    questions = [asked(1, "a text question"), asked(2, "What is seen here?", image=True), asked(3, "another")]
    vectors = np.array([[1, 0], [1, 0], [0, 1]], dtype=np.float32)
    others = np.array([[0.96, 0.28], [0.6, 0.8]], dtype=np.float32)
    (flag,) = near_texts(questions, vectors, ["near", "far"], others, "training")
    assert (flag.question_id, flag.other_id) == ("q1", "near")
    assert flag.similarity == pytest.approx(0.96)
    assert near_texts(questions, vectors, [], np.zeros((0, 2), dtype=np.float32), "training") == []


def test_m14_near_images_are_flags(tmp_path):
    (tmp_path / "images").mkdir()
    picture = Image.effect_mandelbrot((64, 64), (-2, -1.5, 1, 1.5), 60)
    picture.save(tmp_path / "images/1.png")
    Image.effect_noise((64, 64), 80).save(tmp_path / "images/2.png")
    picture.resize((96, 96)).save(tmp_path / "scaled.png")
    questions = [asked(1, "?", image=True), asked(2, "?", image=True), asked(3, "?")]
    (flag,) = near_images(questions, tmp_path, [("case", "scaled.png")], tmp_path, "image cases")
    assert (flag.question_id, flag.other_id, flag.source) == ("q1", "case", "image cases")
    assert flag.similarity > 0.98
