"""What each way of asking the passage index finds of the clinic's facts, and how long 64 queries take.

A query names the visual sign and what is asked of it; the right passage has the sign and the right option in its
text. Six wordings a question, as different policies may find them.
"""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from medrwr.config import IndexSettings, KnowledgeBaseSettings
from medrwr.knowledge_base import build_knowledge_base
from medrwr.records import read_records
from medrwr.retrieval import IndexRetriever, TextEncoder, build_index, open_text_encoder
from medrwr.retrieval.lance import LanceTable
from medrwr.retrieval.manifest import read_generations
from medrwr.retrieval.memory import open_table
from medrwr.retrieval.metrics import recall_at
from medrwr.retrieval.text_export import PACKAGED, export_text_encoder, text_encoder_source
from medrwr.types import Passage, Question
from pipelines.paths import Paths

WORDINGS = {
    "treatment": (
        "{}",
        "{}, first treatment",
        "treatment of {}",
        "what is the first treatment of a {}",
        "{} treated first with",
        "{}, drug",
    ),
    "complication": (
        "{}",
        "{}, main complication",
        "complication of {}",
        "what is the main complication of a {}",
        "{} may be complicated by",
        "{}, risk",
    ),
}
DEFAULTS = IndexSettings()
WAYS = {
    "hybrid": DEFAULTS,
    "text": DEFAULTS.model_copy(update={"mode": "text"}),
    "vector": DEFAULTS.model_copy(update={"mode": "vector"}),
    "plain_rrf": DEFAULTS.model_copy(update={"rrf_k": 60, "text_weight": 0.5, "candidates": 10}),
}
QUERIES = 64


def questions_of(paths: Paths, passages: Sequence[Passage], limit: int) -> tuple[list[str], list[set[str]]]:
    """Queries and the ids of the passages that answer them."""
    questions, _ = read_records(paths.questions("test"), Question)
    queries, relevant = [], []
    for question in questions:
        sign = re.match(r"The sign is an? (.*?)\.", question.explanation)
        right = {p.passage_id for p in passages if sign and sign[1] in p.text and question.gold_text in p.text}
        if sign and right and len(queries) < limit * 6:
            queries += [wording.format(sign[1]) for wording in WORDINGS[question.kind]]
            relevant += [right] * 6
    return queries, relevant


def milliseconds(work: Callable[[], object], repeats: int = 5) -> float:
    taken = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        taken.append(1000 * (time.perf_counter() - start))
    return statistics.median(taken)


def measure(root: Path, *, small: bool) -> dict[str, float]:
    paths = Paths(Path())
    built = build_knowledge_base(paths.clinic / "documents", source="clinic", settings=KnowledgeBaseSettings())
    names = sorted({passage.document_id for passage in built.passages})[:: 4 if small else 1]
    passages = [passage for passage in built.passages if passage.document_id in set(names)]
    encoder = text_encoder(paths, root)
    manifest = build_index(passages, encoder, root / "index", root / "manifest.json", DEFAULTS)
    (generation,) = read_generations(root / "index", stage="index")
    table = open_table(root / "index", generation, text="terms")
    retriever = IndexRetriever(table, manifest, encoder, DEFAULTS)
    queries, relevant = questions_of(paths, passages, 60 if small else 400)
    figures: dict[str, float] = {"passages": manifest.rows, "queries": len(queries)}
    for name, settings in WAYS.items():
        answers = retriever.variant(settings).search_batch(queries)
        rankings = [[scored.passage.passage_id for scored in answer] for answer in answers]
        figures |= {f"{name}_recall_at_{k}": recall_at(rankings, relevant, k=k) for k in (1, 3)}
    best_part = max(figures["text_recall_at_3"], figures["vector_recall_at_3"])
    figures["gain_over_best_part"] = figures["hybrid_recall_at_3"] - best_part
    return figures | speed(
        retriever, LanceTable(root / "index", generation.table, exact=True), encoder, list(dict.fromkeys(queries))
    )


def speed(retriever: IndexRetriever, stored: LanceTable, encoder: TextEncoder, queries: list[str]) -> dict[str, float]:
    """Of 64 distinct queries: encoding, all the rest, answers that are known; and the rest by LanceDB's calls."""
    batch = queries[1 : 6 * QUERIES : 6]
    encoding = milliseconds(lambda: encoder.encode(batch))
    fresh = milliseconds(lambda: retriever.variant(DEFAULTS).search_batch(batch))
    lance = IndexRetriever(stored, retriever.manifest, encoder, DEFAULTS)
    through_lance = milliseconds(lambda: lance.variant(DEFAULTS).search_batch(batch))
    return {
        "encode_ms": encoding,
        "search_ms": max(0.0, fresh - encoding),
        "search_by_lancedb_ms": max(0.0, through_lance - encoding),
        "cached_ms": milliseconds(lambda: retriever.search_batch(batch)),
    }


def text_encoder(paths: Paths, root: Path) -> TextEncoder:
    folder = paths.encoders / "text"
    if not (folder / "encoder.json").is_file():
        folder = root / "text"
        export_text_encoder(text_encoder_source(PACKAGED), folder, name=PACKAGED, max_tokens=128)
    return open_text_encoder(folder)
