"""Stage `index`: all sources' passages in one LanceDB index, full text and vectors (M7-M8)."""

from __future__ import annotations

from medrwr.errors import ArtefactError
from medrwr.records import read_records
from medrwr.retrieval import IndexRetriever, build_index, open_retriever, open_text_encoder
from medrwr.retrieval.metrics import known_item_queries, recall_at, reciprocal_rank
from medrwr.types import Passage
from pipelines.stage import StageContext, StageResult

_KNOWN_ITEMS = 200
_MODES = ("hybrid", "text", "vector")


def run(context: StageContext) -> StageResult:
    """Publish data/index with its manifest, and measure what each mode finds of known items."""
    paths, params = context.paths, context.params
    passages = _passages(context)
    encoder = open_text_encoder(paths.encoders / "text", provider=params.encoders.provider, threads=params.base.threads)
    manifest = build_index(
        passages, encoder, paths.index, paths.index_manifest, params.index, progress=context.sink.progress
    )
    metrics: dict[str, float] = {"rows": manifest.rows, "sources": len({passage.source for passage in passages})}
    retriever = open_retriever(
        paths.index, paths.index_manifest, paths.encoders, params.index, threads=params.base.threads
    )
    items = known_item_queries(passages, count=_KNOWN_ITEMS, seed=params.base.seed)
    for mode in _MODES:
        metrics.update(_measure(retriever.variant(params.index.model_copy(update={"mode": mode})), items))
    found = metrics[f"{params.index.mode}_recall_at_{params.index.top_k}"]
    headline = f"{manifest.rows} passages, known items found among {params.index.top_k}: {found:.3f}"
    return StageResult(metrics, headline, (paths.index_manifest,), {"encoder": encoder.name, "index": manifest.digest})


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


def _measure(retriever: IndexRetriever, items: list[tuple[str, str]]) -> dict[str, float]:
    settings = retriever.settings
    answers = retriever.search_batch([query for query, _ in items], k=settings.candidates)
    rankings = [[scored.passage.passage_id for scored in answer] for answer in answers]
    relevant = [{identity} for _, identity in items]
    return {
        f"{settings.mode}_recall_at_1": recall_at(rankings, relevant, k=1),
        f"{settings.mode}_recall_at_{settings.top_k}": recall_at(rankings, relevant, k=settings.top_k),
        f"{settings.mode}_reciprocal_rank": reciprocal_rank(rankings, relevant),
    }
