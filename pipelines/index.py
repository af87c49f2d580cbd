"""Stage `index`: all sources' passages in one LanceDB index, full text and vectors (M7-M8)."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from medrwr.config import IndexSettings
from medrwr.errors import ArtefactError, IndexRecallError
from medrwr.records import read_records
from medrwr.retrieval import CachedTextEncoder, IndexRetriever, build_index, open_retriever, open_text_encoder
from medrwr.retrieval.manifest import Generation
from medrwr.retrieval.memory import open_table
from medrwr.retrieval.metrics import known_item_queries, recall_at, reciprocal_rank
from medrwr.retrieval.ray_engine import RayEngine
from medrwr.retrieval.tables import place_tables
from medrwr.types import Passage
from pipelines.ray_cluster import ray_cluster
from pipelines.stage import StageContext, StageResult

TABLES_VARIABLE = "MEDRWR_INDEX_TABLES"  # s3://bucket/prefix of this index alone: its tables lie there
_KNOWN_ITEMS = 200
_MODES = ("hybrid", "text", "vector")


def run(context: StageContext) -> StageResult:
    """Publish data/index with its manifest, and measure what each mode finds of known items.

    Raises:
        IndexRecallError: the new index finds too little of what it holds; the published one stays.
    """
    paths, params = context.paths, context.params
    passages = _passages(context)
    encoder = CachedTextEncoder(
        open_text_encoder(paths.encoders / "text", provider=params.encoders.provider, threads=params.base.threads),
        paths.embedding_cache,
        keep_queries=True,
    )
    items = known_item_queries(passages, count=_KNOWN_ITEMS, seed=params.base.seed)
    measured: dict[str, float] = {}

    def gate(generation: Generation) -> None:
        table = open_table(paths.index, generation, text="terms")
        retriever = IndexRetriever(table, generation.manifest, encoder, params.index)
        measured.update(_known_items(retriever, items, params.index))

    if uri := os.environ.get(TABLES_VARIABLE):
        place_tables(paths.index, uri)
    with _engine(context) as engine:
        manifest = build_index(
            passages, encoder, paths.index, paths.index_manifest, params.index, context.sink.progress, gate, engine
        )
    if not measured:  # nothing changed
        measured.update(_known_items(open_retriever(*_opened(context), encoder=encoder), items, params.index))
    metrics = {"rows": manifest.rows, "sources": len({passage.source for passage in passages}), **measured}
    found = metrics[f"{params.index.mode}_recall_at_{params.index.top_k}"]
    headline = f"{manifest.rows} passages, known items found among {params.index.top_k}: {found:.3f}"
    return StageResult(metrics, headline, (paths.index_manifest,), {"encoder": encoder.name, "index": manifest.digest})


@contextlib.contextmanager
def _engine(context: StageContext) -> Iterator[RayEngine | None]:
    """Workers open the encoder anew, one thread each: the cache of vectors stays with this process."""
    settings, encoders = context.params.index, context.params.encoders
    if settings.engine == "local":
        yield None
        return
    folder = (context.paths.encoders / "text").resolve()
    with ray_cluster(settings.workers, setting="index.engine") as workers:
        yield RayEngine(workers, partial(open_text_encoder, folder, provider=encoders.provider, threads=1))


def _opened(context: StageContext) -> tuple[Path, Path, Path, IndexSettings]:
    paths = context.paths
    return paths.index, paths.index_manifest, paths.encoders, context.params.index


def _known_items(retriever: IndexRetriever, items: list[tuple[str, str]], settings: IndexSettings) -> dict[str, float]:
    """Metrics of each mode; the one in use has to reach `index.minimum_known_items`."""
    queries, depth = [query for query, _ in items], settings.candidates
    both = retriever.variant(settings.model_copy(update={"mode": "hybrid"})).rankings(queries, limit=depth)
    metrics: dict[str, float] = {}
    for mode, lists in zip(_MODES, (both, both[:1], both[1:]), strict=True):
        ranked = [retriever.fused(hits, depth=depth, limit=depth) for hits in zip(*lists, strict=True)]
        metrics |= _measures(mode, [[identity for identity, _ in best] for best in ranked], items, k=settings.top_k)
    found = metrics[f"{settings.mode}_recall_at_{settings.top_k}"]
    if items and found < settings.minimum_known_items:
        raise IndexRecallError(
            f"of {len(items)} known items {found:.3f} are found among {settings.top_k}, at least "
            f"{settings.minimum_known_items} is asked for (index.minimum_known_items): nothing was published; "
            "look for damaged passages, or another mode or text_weight"
        )
    return metrics


def _passages(context: StageContext) -> list[Passage]:
    """Of the sources in params.yaml, in the order of their names."""
    passages: list[Passage] = []
    for source in sorted(context.params.knowledge_base.sources):
        path = context.paths.knowledge_base(source) / "passages.jsonl"
        found, bad = read_records(path, Passage)
        if bad:
            raise ArtefactError(f"{path} is damaged ({bad[0].record_id}: {bad[0].reason}): run `dvc repro`")
        passages.extend(found)
    return passages


def _measures(mode: str, rankings: list[list[str]], items: list[tuple[str, str]], *, k: int) -> dict[str, float]:
    relevant = [{identity} for _, identity in items]
    return {
        f"{mode}_recall_at_1": recall_at(rankings, relevant, k=1),
        f"{mode}_recall_at_{k}": recall_at(rankings, relevant, k=k),
        f"{mode}_reciprocal_rank": reciprocal_rank(rankings, relevant),
    }
