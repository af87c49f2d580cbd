"""Small instances of the retrieval benchmark's parts, and its statistics by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from medrwr.retrieval.encoder import normalise
from medrwr.types import Passage
from tests.benchmarks.retrieval_parts import quality, speed
from tests.benchmarks.retrieval_parts.data import Question, RealSet, bioasq, medquad
from tests.benchmarks.retrieval_parts.encoding import hundred_words
from tests.retrieval.fakes import WordEncoder


def test_measures_by_hand(tmp_path: Path) -> None:
    """The first question's document comes first; the second's relevant ones come first and second, or not at all."""
    passages = (
        Passage("a1", "A granular apical ring.", "a"),
        Passage("a2", "A granular apical ring again.", "a"),
        Passage("b1", "A solid basal band.", "b"),
        Passage("c1", "A lucent disc.", "c"),
    )
    questions = (Question("granular apical ring", frozenset("a")), Question("solid basal band", frozenset("x")))
    retriever = quality.opened(RealSet("tiny", passages, questions), tmp_path, WordEncoder())
    found = quality.scores(questions, retriever.variant(retriever.settings.model_copy(update={"mode": "text"})))
    assert {name: values.tolist() for name, values in found.items()} == {
        name: [1.0, 0.0] for name in ("recall@1", "recall@3", "recall@10", "ndcg@10", "rr@10")
    }


def test_statistics_by_hand() -> None:
    """Ten differences of 1: of 2 ** 10 flips two are as far from 0, so p is near 2 / 1024. None: p is 1."""
    assert quality.paired_p(np.ones(10)) == pytest.approx(2 / 1024, abs=0.002)
    assert quality.paired_p(np.zeros(10)) == 1.0
    assert quality.interval(np.full(20, 0.3)) == pytest.approx((0.3, 0.3))
    low, high = quality.interval(np.repeat([0.0, 1.0], 50))
    assert (low, high) == (pytest.approx(0.4, abs=0.02), pytest.approx(0.6, abs=0.02))  # .5 +- 1.96 * .05


def test_hundred_words() -> None:
    texts = hundred_words(["one two"] * 150, 3)
    assert [len(text.split()) for text in texts] == [100, 100, 100]


def test_real_sets_are_read(medical_data: Path) -> None:
    plain, renamed = medquad(medical_data, documents=40, questions=20, seed=7)
    documents = {passage.document_id for passage in plain.passages}
    assert 30 <= len(documents) <= 40  # some have no answer
    assert all(question.relevant <= documents for question in (*plain.questions, *renamed.questions))
    assert {question.text for question in renamed.questions}.isdisjoint(p.section for p in plain.passages)
    bio = bioasq(medical_data, questions=100, seed=7)
    assert len(bio.questions) == 100
    assert set().union(*(question.relevant for question in bio.questions)) <= {p.document_id for p in bio.passages}


def test_quality_part_on_a_few_documents(medical_data: Path, tmp_path: Path) -> None:
    plain, _ = medquad(medical_data, documents=30, questions=20, seed=7)
    retriever = quality.opened(plain, tmp_path, WordEncoder())
    figures = quality.measure_set(plain, retriever, small=True)
    assert figures["text_recall@3"] >= 0.9
    assert figures["hybrid_recall@10"] >= 0.9
    assert 0 < figures["hybrid_p_against_text"] <= 1


def test_speed_part_on_2000_vectors(tmp_path: Path) -> None:
    base = normalise(np.random.default_rng(0).standard_normal((50, 64)))
    figures = speed.measure(tmp_path, base, 2000)
    for engine in ("faiss", "lance", "memory"):
        assert figures[f"clustered_2000_{engine}_recall@3"] >= 0.99
        assert figures[f"clustered_2000_{engine}_single_per_s"] > 0
