"""What a benchmark holds is found in sources: words in another order, other options, a part of an image (M14)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from medrwr.curation.crops import parts_of
from medrwr.curation.leaks import find_leaks
from medrwr.datasets.overlap import ItemSet
from medrwr.datasets.shingles import similar_words
from medrwr.types import Question

STEM = "A 54 year old woman with shortness of breath has a granular apical ring on the scan. Which drug is given first?"
TURNED = "Which drug is given first? On the scan a granular apical ring: a 54 year old woman with shortness of breath."


def ask(name: str, text: str, *, options: tuple[str, ...] = ("kemopril", "tarvol"), image: str = "") -> Question:
    return Question(name, text, options, 0, images=(image,) if image else ())


def picture(seed: int) -> Image.Image:
    coarse = np.random.default_rng(seed).integers(0, 256, (9, 9), dtype=np.uint8)
    return Image.fromarray(coarse).resize((160, 160), Image.Resampling.BICUBIC)


def test_similarity_of_words_by_hand() -> None:
    """{a, b, c} and {c, b, d} share two of four words."""
    (pair,) = similar_words(["a b c"], ["C B d!"], at_least=0.5)
    assert pair.similarity == pytest.approx(0.5)
    assert list(similar_words(["a b c"], ["C B d!"], at_least=0.51)) == []


@pytest.mark.parametrize("made", [ask("t", TURNED), ask("t", STEM, options=("brasol", "sulostat"))])
def test_m14_word_order_and_options_hide_nothing(tmp_path: Path, made: Question) -> None:
    (leak,) = find_leaks(ItemSet("made", [made], tmp_path), ItemSet("benchmark", [ask("e", STEM)], tmp_path))
    assert (leak.training_id, leak.evaluation_id, leak.kind) == ("t", "e", "text")


def test_a_short_question_identifies_nothing(tmp_path: Path) -> None:
    one, two = ask("t", "Which is not true?"), ask("e", "Which is not true?", options=("a gland", "a bone"))
    assert find_leaks(ItemSet("made", [one], tmp_path), ItemSet("benchmark", [two], tmp_path)) == []


@pytest.mark.parametrize("turned", [False, True])
def test_m14_an_image_cut_out_of_the_other_is_found(tmp_path: Path, turned: bool) -> None:
    picture(1).save(tmp_path / "whole.png")
    picture(1).crop((11, 3, 155, 149)).save(tmp_path / "part.jpg", quality=50)
    picture(2).save(tmp_path / "other.png")
    whole, part = ask("w", "What is seen?", image="whole.png"), ask("p", "What is it?", image="part.jpg")
    made, held = (whole, part) if turned else (part, whole)
    other = ask("o", "And here?", image="other.png")
    (leak,) = find_leaks(ItemSet("made", [made, other], tmp_path), ItemSet("benchmark", [held], tmp_path))
    assert (leak.training_id, leak.evaluation_id, leak.kind) == (made.question_id, held.question_id, "image")


def test_a_part_is_found_in_its_own_whole_only() -> None:
    wholes = [picture(seed) for seed in range(6)]
    part = wholes[4].crop((8, 14, 158, 150))
    ((whole, place, similarity),) = parts_of(wholes, [picture(9), part], at_least=0.98)
    assert (whole, place) == (4, 1)
    assert similarity > 0.98
    assert list(parts_of([], [part], at_least=0.98)) == list(parts_of(wholes, [], at_least=0.98)) == []
