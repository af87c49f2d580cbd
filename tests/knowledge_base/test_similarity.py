"""Near-duplicates: what repeats is left out, what differs in a figure, a negation or a word stays."""

from __future__ import annotations

import numpy as np
import pytest

from medrwr.knowledge_base.similarity import PERMUTATIONS, near_duplicates, shingles, sign, words_of

BASE = (
    "Kemopril is given by mouth at a dose of 5 mg once a day for six weeks and the pressure of the blood is "
    "measured every week until it has been stable for a month after which a visit every quarter is enough in most"
)


def left_out(*texts: str, threshold: float = 0.8) -> set[int]:
    return near_duplicates(sign(texts), lambda row: texts[row], threshold=threshold)


def test_words_keep_decimals_and_shingles_are_runs_of_three() -> None:
    assert words_of("Give 2.5 mg, then STOP.") == ["give", "2.5", "mg", "then", "stop"]
    assert shingles(["a", "b", "c", "d"]) == {"a b c", "b c d"}
    assert shingles(["a"]) == {"a"}


def test_a_repetition_is_left_out_whatever_its_case_and_punctuation() -> None:
    assert left_out(BASE, "Something else is said here.", BASE.upper().replace(" AND ", " -- AND ") + "!") == {2}


def test_a_passage_that_adds_nothing_is_left_out_and_one_that_adds_a_word_stays() -> None:
    shorter = BASE.removesuffix(" in most")
    assert left_out(BASE, shorter) == {1}
    assert left_out(shorter, BASE) == set()


@pytest.mark.parametrize(
    ("old", "new"), [("5 mg", "50 mg"), ("is given", "is not given"), ("Kemopril", "Lomidine"), ("once", "twice")]
)
def test_another_dose_drug_or_a_negation_is_no_duplicate(old: str, new: str) -> None:
    changed = BASE.replace(old, new)
    assert changed != BASE
    assert left_out(BASE, changed, threshold=0.5) == set()
    assert left_out(changed, BASE, threshold=0.5) == set()


def test_of_many_copies_the_first_stays() -> None:
    assert left_out(*[BASE] * 40) == set(range(1, 40))


def test_no_text_no_duplicate_and_signatures_estimate_jaccard() -> None:
    assert left_out() == set()
    assert left_out(BASE) == set()
    other = BASE.replace("six weeks", "ten months")
    one, two = (shingles(words_of(text)) for text in (BASE, other))
    exact = len(one & two) / len(one | two)
    first, second = sign([BASE, other])
    assert first.shape == (PERMUTATIONS,)
    assert abs(float(np.mean(first == second)) - exact) < 0.2  # 64 samples: standard error 0.05
