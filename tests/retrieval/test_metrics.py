"""Recall, reciprocal rank and known-item queries."""

from __future__ import annotations

import pytest

from medrwr.retrieval.metrics import known_item_queries, recall_at, reciprocal_rank
from medrwr.types import Passage

RANKINGS = [["a", "b", "c"], ["b", "c", "a"], ["c"]]
RELEVANT = [{"a"}, {"a", "z"}, {"a"}]


def test_recall_and_reciprocal_rank_by_hand() -> None:
    assert recall_at(RANKINGS, RELEVANT, k=1) == pytest.approx(1 / 3)
    assert recall_at(RANKINGS, RELEVANT, k=3) == pytest.approx(2 / 3)
    assert reciprocal_rank(RANKINGS, RELEVANT) == pytest.approx((1 + 1 / 3 + 0) / 3)
    assert recall_at([], [], k=3) == 0.0


def test_known_items_are_sentences_that_one_passage_alone_has() -> None:
    shared = "It is given in the morning with food."
    passages = [
        Passage("1", f"{shared} A granular ring points to tarvenosis here.", "d"),
        Passage("2", f"{shared} Short one.", "d"),
    ]
    ((query, identity),) = known_item_queries(passages, count=5, seed=1)
    assert identity == "1"
    words = ["A", "granular", "ring", "points", "to", "tarvenosis", "here"]
    assert len(query.split()) == 4  # 60% of 7 words, rounded
    assert [word for word in words if word in query.split()] == query.split()
    assert known_item_queries(passages, count=5, seed=1) == [(query, identity)]
