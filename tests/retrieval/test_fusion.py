"""Reciprocal rank fusion, and why its constant matters here."""

from __future__ import annotations

import pytest

from medrwr.retrieval.fusion import fuse


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
