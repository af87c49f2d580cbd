"""Stage `knowledge_base`: the documents of one source become passages and terms; bad ones go to quarantine (M7)."""

from __future__ import annotations

from pathlib import Path

from medrwr.knowledge_base.cache import Cache
from medrwr.knowledge_base.ingestion import ingest
from medrwr.knowledge_base.output import QUARANTINE
from pipelines.stage import StageContext, StageResult


def run(context: StageContext, source: str) -> StageResult:
    """Write passages.jsonl, terms.jsonl and quarantine.jsonl below data/knowledge_base/<source>."""
    settings = context.params.knowledge_base
    entry = settings.sources[source]
    folder = context.paths.knowledge_base(source)
    store = Cache(context.paths.work("knowledge_base") / f"{source}.sqlite")
    try:
        done = ingest(
            context.paths.root / Path(entry.path),
            folder,
            store,
            source=source,
            settings=settings,
            entry=entry,
            progress=context.sink.progress,
        )
    finally:
        store.close()
    metrics = {
        "documents": done.documents,
        "passages": done.passages,
        "terms": done.terms,
        "quarantined": done.quarantined,
        "near_duplicates": done.near_duplicates,
        "mean_words": done.words / done.passages,
        "longest_words": done.longest_words,
    }
    headline = f"{done.passages} passages of {done.documents} documents, {done.quarantined} quarantined"
    if 0 < done.read < done.files:
        headline += f"; {done.read} of {done.files} files read"
    return StageResult(metrics, headline, (folder / QUARANTINE,), {"source": source})
