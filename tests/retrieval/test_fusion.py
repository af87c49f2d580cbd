"""Fusion by rank, and why its constant matters here; fusion by score."""

from __future__ import annotations

import pytest

from medrwr.retrieval.fusion import blend, fuse
from medrwr.retrieval.lance import Hit


def test_scores_by_hand() -> None:
    # k = 1: a = .5/2 (text only), b = .5/3 + .5/2, c = .5/3 (vector only)
    fused = fuse([["a", "b"], ["b", "c"]], [0.5, 0.5], k=1, limit=3)
    assert [name for name, _ in fused] == ["b", "a", "c"]
    assert [score for _, score in fused] == pytest.approx([5 / 12, 1 / 4, 1 / 6])


def test_m7_with_k_60_middling_ranks_push_out_a_sure_first_and_with_small_k_they_do_not() -> None:
    """'right' is first by full text and unknown to the vectors; x, y and z are 8th to 10th in both lists."""
    text = ["right", *(f"t{i}" for i in range(6)), "x", "y", "z"]
    vector = [*(f"v{i}" for i in range(7)), "x", "y", "z"]
    # k = 60: x = 2 * .5/68 = .0147 > right = .5/61 = .0082; so are y (2 * .5/69) and z (2 * .5/70)
    assert [name for name, _ in fuse([text, vector], [0.5, 0.5], k=60, limit=3)] == ["x", "y", "z"]
    # k = 10, text .75: right = .75/11 = .0682; x = .75/18 + .25/18 = .0556
    assert fuse([text, vector], [0.75, 0.25], k=10, limit=3)[0][0] == "right"


def test_ties_go_by_id_and_empty_lists_are_nothing() -> None:
    assert [name for name, _ in fuse([["b"], ["a"]], [0.5, 0.5], k=10, limit=2)] == ["a", "b"]
    assert fuse([[], []], [0.5, 0.5], k=10, limit=3) == []


def hits(**scores: float) -> list[Hit]:
    return [Hit(name, 0, score) for name, score in scores.items()]


def test_scores_are_blended_by_hand() -> None:
    """Both lists were cut at 2: a = .6 + .4 * .4/.8 (last); b = .6 * 5/10 + .4; c = .6 * 5/10 (last) + .4 * .4/.8."""
    fused = blend([hits(a=10, b=5), hits(b=0.8, c=0.4)], [0.6, 0.4], depth=2, limit=3)
    assert [name for name, _ in fused] == ["a", "b", "c"]
    assert [score for _, score in fused] == pytest.approx([0.8, 0.7, 0.5])


def test_a_list_that_named_all_it_found_gives_the_others_nothing() -> None:
    """Asked for 3, full text found one: c = .4 * .5 and no more."""
    fused = dict(blend([hits(a=10), hits(b=0.8, c=0.4, a=0.2)], [0.6, 0.4], depth=3, limit=3))
    assert fused == pytest.approx({"a": 0.6 + 0.4 * 0.25, "b": 0.4, "c": 0.2})


def test_a_sure_list_outweighs_one_whose_scores_are_alike() -> None:
    """By rank, with equal weights, first and second of each list draw; by score the list with a clear first decides."""
    text, vector = hits(right=20, wrong=4), hits(wrong=0.52, right=0.51)
    assert fuse([["right", "wrong"], ["wrong", "right"]], [0.5, 0.5], k=10, limit=2)[0][1] == pytest.approx(
        fuse([["right", "wrong"], ["wrong", "right"]], [0.5, 0.5], k=10, limit=2)[1][1]
    )
    assert [name for name, _ in blend([text, vector], [0.5, 0.5], depth=2, limit=2)] == ["right", "wrong"]


def test_lists_without_anything_alike_have_no_say() -> None:
    assert blend([[], hits(b=-0.1, a=-0.2)], [0.5, 0.5], depth=2, limit=2) == [("a", 0.0), ("b", 0.0)]
    assert blend([[], []], [0.5, 0.5], depth=2, limit=2) == []
