"""The recall gate: settings are tuned by measured recall, and an index that finds too little is not published."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from medrwr.config import IndexSettings
from medrwr.errors import IndexRecallError
from medrwr.retrieval import build_index
from medrwr.retrieval.gate import exact_scores, score_recall, tuned_search
from medrwr.retrieval.manifest import read_generations
from medrwr.retrieval.vector_index import LADDER
from medrwr.types import Passage
from tests.retrieval.fakes import WordEncoder

PASSAGES = [Passage(f"p{n:03d}", f"A ring {n} of kind{n % 9} and place{n % 17} after all.", "d") for n in range(400)]


def test_recall_by_hand() -> None:
    """Of 2 x 2 true scores, .9 and .8, and .7 and .7, three are reached; a tie with the last one counts."""
    assert score_recall([[0.9, 0.5], [0.7, 0.7]], np.array([[0.9, 0.8], [0.7, 0.7]])) == 0.75
    assert score_recall([[0.9, 0.8, 0.8], [0.7]], np.array([[0.9, 0.8], [0.7, 0.7]])) == 0.75


def test_the_search_that_was_tuned_is_published_with_its_index(tmp_path: Path) -> None:
    settings = IndexSettings(exact_below=300)
    build_index(PASSAGES, WordEncoder(), tmp_path / "index", tmp_path / "m.json", settings)
    (generation,) = read_generations(tmp_path / "index", stage="index")
    assert dict(generation.search) in [dict(search) for search in LADDER]
    encoder = WordEncoder()
    queries = encoder.encode([passage.text for passage in PASSAGES[:7]])
    vectors = encoder.encode([f"{passage.text}" for passage in PASSAGES])
    expected = -np.sort(-(queries @ vectors.T), axis=1)[:, :3]
    assert exact_scores(tmp_path / "index", generation, queries, k=3) == pytest.approx(expected, abs=1e-5)
    with pytest.raises(IndexRecallError, match="nothing was published"):
        tuned_search(tmp_path / "index", generation, queries, k=3, limit=3, minimum=1.1)


def test_a_small_index_is_searched_exactly(tmp_path: Path) -> None:
    build_index(PASSAGES, WordEncoder(), tmp_path / "index", tmp_path / "m.json", IndexSettings())
    (generation,) = read_generations(tmp_path / "index", stage="index")
    assert generation.search == {}


def test_an_approximate_index_is_updated_in_place(tmp_path: Path) -> None:
    """Rows that come and go after the vector index was trained are found, and not found, by it."""
    from medrwr.retrieval.memory import open_table

    settings = IndexSettings(exact_below=300)
    build_index(PASSAGES, WordEncoder(), tmp_path / "index", tmp_path / "m.json", settings)
    added = Passage("new", "An entirely different band of granular texture.", "e")
    build_index([*PASSAGES[1:], added], WordEncoder(), tmp_path / "index", tmp_path / "m.json", settings)
    generation = read_generations(tmp_path / "index", stage="index")[0]
    table = open_table(tmp_path / "index", generation, text="terms")
    found = table.nearest(WordEncoder().encode([added.text, f"{PASSAGES[0].text}"]), limit=3)
    assert found[0][0].identity == "new"
    assert "p000" not in {hit.identity for hit in found[1]}
    assert [hit.identity for hit in table.matching(["granular texture"], column="terms", limit=3)[0]] == ["new"]
