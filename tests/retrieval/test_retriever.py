"""The passage retriever over a small clinic of 216 signs: what each mode finds, caching, and the two stores."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from medrwr.config import IndexSettings
from medrwr.retrieval.index import build_index
from medrwr.retrieval.lance import LanceTable
from medrwr.retrieval.manifest import read_generations, read_manifest
from medrwr.retrieval.memory import MemoryTable, open_table
from medrwr.retrieval.metrics import recall_at
from medrwr.retrieval.retriever import IndexRetriever
from medrwr.types import Passage
from tests.retrieval.fakes import WordEncoder

SIGNS = [
    " ".join(words)
    for words in itertools.product(
        ("solid", "lucent", "striated", "reticular", "granular", "shaded"),
        ("apical", "basal", "lateral", "medial", "anterior", "posterior"),
        ("disc", "ring", "band", "wedge", "crescent", "cross"),
    )
]
MODALITIES = ("echocardiography", "dermoscopy")


def clinic() -> list[Passage]:
    passages = []
    for number, (sign, modality) in enumerate(itertools.product(SIGNS, MODALITIES)):
        passages.append(Passage(f"{number:04d}t", f"A {sign} on {modality} is treated first with drug{number}.", "d"))
        passages.append(Passage(f"{number:04d}c", f"A {sign} on {modality} may be complicated by ill{number}.", "d"))
    return passages


@pytest.fixture(scope="module")
def retriever(tmp_path_factory: pytest.TempPathFactory) -> IndexRetriever:
    folder, settings = tmp_path_factory.mktemp("clinic"), IndexSettings()
    manifest = build_index(clinic(), WordEncoder(), folder / "index", folder / "manifest.json", settings)
    (generation,) = read_generations(folder / "index", stage="index")
    table = open_table(folder / "index", generation, text="terms")
    assert isinstance(table, MemoryTable)
    return IndexRetriever(table, manifest, WordEncoder(), settings)


def found(retriever: IndexRetriever, query: str, k: int | None = None) -> list[str]:
    return [scored.passage.passage_id for scored in retriever.search_batch([query], k=k)[0]]


def test_m7_the_passage_of_a_sign_is_found_among_its_near_misses(retriever: IndexRetriever) -> None:
    number = SIGNS.index("granular apical ring") * 2
    assert set(found(retriever, "granular apical ring on echocardiography, first treatment")[:2]) == {
        f"{number:04d}t",
        f"{number:04d}c",
    }
    assert len(found(retriever, "granular apical ring")) == 3  # index.top_k
    assert len(found(retriever, "granular apical ring", k=7)) == 7


def test_m7_hybrid_is_not_below_its_best_part(retriever: IndexRetriever) -> None:
    queries = [f"{sign} on {modality}, first treatment" for sign in SIGNS for modality in MODALITIES]
    relevant = [{f"{number:04d}t"} for number in range(len(queries))]
    recall = {}
    for mode in ("hybrid", "text", "vector"):
        variant = retriever.variant(retriever.settings.model_copy(update={"mode": mode}))
        answers = variant.search_batch(queries)
        rankings = [[scored.passage.passage_id for scored in answer] for answer in answers]
        recall[mode] = recall_at(rankings, relevant, k=3)
    assert recall["hybrid"] >= max(recall["text"], recall["vector"])
    assert recall["hybrid"] == 1.0


def test_scores_fall_and_blank_queries_find_nothing(retriever: IndexRetriever) -> None:
    answers = retriever.search_batch(["solid basal band", "", "  \n", "of the"])
    scores = [scored.score for scored in answers[0]]
    assert scores == sorted(scores, reverse=True)
    assert answers[1] == answers[2] == ()
    assert len(answers[3]) == 3  # no index term, but a vector
    assert retriever.search_batch([]) == []


def test_each_distinct_query_is_encoded_once(retriever: IndexRetriever) -> None:
    encoder = WordEncoder()
    fresh = IndexRetriever(retriever._table, retriever.manifest, encoder, retriever.settings)
    first = fresh.search_batch(["solid basal ring", "lucent apical disc", "solid  basal ring"])
    assert encoder.encoded == ["solid basal ring", "lucent apical disc"]
    assert first[0] == first[2]
    assert fresh.search_batch(["lucent apical disc"]) == [first[1]]
    assert len(encoder.encoded) == 2


def test_queries_are_words_and_never_syntax(retriever: IndexRetriever) -> None:
    for query in ('"solid AND (ring', "terms:solid OR 1=1 --", "solid^9 ring~2 *", "\x00 solid", "x" * 5000):
        assert len(found(retriever, query)) == 3


def test_memory_and_lancedb_rank_alike(retriever: IndexRetriever, tmp_path: Path) -> None:
    """The store of a large index and the copy in memory of a small one give the same lists, ties included."""
    build_index(clinic(), WordEncoder(), tmp_path / "index", tmp_path / "manifest.json", IndexSettings())
    stored = LanceTable(tmp_path / "index", read_generations(tmp_path / "index", stage="index")[0].table, exact=True)
    terms = ["granular apical ring granular_apical apical_ring", "ring ring disc", "", "zzz", "first treated drug7"]
    mine = retriever._table.matching(terms, column="terms", limit=20)
    theirs = stored.matching(terms, column="terms", limit=20)
    for one, two in zip(mine, theirs, strict=True):
        assert [hit.score for hit in one] == pytest.approx([hit.score for hit in two], rel=1e-5)
        inner = [hit.identity for hit in one if not one or hit.score > one[-1].score + 1e-4]
        assert inner == [hit.identity for hit in two][: len(inner)]  # ties at the very end may be cut differently
    assert mine[2] == theirs[2] == mine[3] == theirs[3] == []
    vectors = WordEncoder().encode(["granular apical ring on dermoscopy", "first treated with drug7"])
    for one, two in zip(retriever._table.nearest(vectors, limit=5), stored.nearest(vectors, limit=5), strict=True):
        assert [hit.score for hit in one] == pytest.approx([hit.score for hit in two], abs=1e-5)
    for table, hit in ((retriever._table, mine[0][0]), (stored, theirs[0][0])):
        assert table.take([hit.row], ["id"])["id"].to_pylist() == [hit.identity]


def test_m7_a_large_index_is_searched_by_lancedb(retriever: IndexRetriever, tmp_path: Path) -> None:
    settings = IndexSettings(exact_below=300)
    manifest = build_index(clinic(), WordEncoder(), tmp_path / "index", tmp_path / "manifest.json", settings)
    assert read_manifest(tmp_path / "manifest.json", stage="index").settings["exact_below"] == 300
    (generation,) = read_generations(tmp_path / "index", stage="index")
    table = open_table(tmp_path / "index", generation, text="terms")
    assert isinstance(table, LanceTable)
    large = IndexRetriever(table, manifest, WordEncoder(), settings)
    queries = [f"{sign} on dermoscopy, first treatment" for sign in SIGNS[::5]]
    small, big = retriever.search_batch(queries), large.search_batch(queries)
    same = [one[0].passage == two[0].passage for one, two in zip(small, big, strict=True)]
    assert sum(same) >= 0.9 * len(same)
