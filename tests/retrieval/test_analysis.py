"""Index terms: words and bigrams, the same for passages and queries."""

from __future__ import annotations

from medrwr.retrieval.analysis import analyse


def test_function_words_go_and_neighbours_join_over_the_gap() -> None:
    assert analyse("The ring of a mitral valve", bigrams=True) == "ring mitral valve ring_mitral mitral_valve"
    assert analyse("The ring of a mitral valve", bigrams=False) == "ring mitral valve"


def test_case_accents_and_punctuation_do_not_matter() -> None:
    assert analyse("Köhler's BAND-like (T2_w)", bigrams=False) == "kohler s band like t2 w"


def test_words_that_carry_meaning_stay() -> None:
    assert analyse("not without fever, no pain", bigrams=False) == "not without fever no pain"


def test_nothing_in_nothing_out() -> None:
    assert analyse("", bigrams=True) == ""
    assert analyse("of the", bigrams=True) == ""
