"""Stage `knowledge_base`: the documents of one source become passages and terms; bad ones go to quarantine (M7)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from medrwr.config import KnowledgeBaseSettings
from medrwr.knowledge_base.cache import Cache
from medrwr.knowledge_base.ingestion import Reading, ingest, read_here
from medrwr.knowledge_base.output import QUARANTINE
from pipelines.ray_cluster import ray_cluster
from pipelines.stage import StageContext, StageResult


def run(context: StageContext, source: str) -> StageResult:
    """Write passages.jsonl, terms.jsonl and quarantine.jsonl below data/knowledge_base/<source>."""
    settings = context.params.knowledge_base
    entry = settings.sources[source]
    folder = context.paths.knowledge_base(source)
    documents = context.paths.root / Path(entry.path)
    store = Cache(context.paths.work("knowledge_base") / f"{source}.sqlite")
    try:
        with _reading(settings) as reading:
            done = ingest(
                documents if settings.engine == "local" else documents.absolute(),
                folder,
                store,
                source=source,
                settings=settings,
                entry=entry,
                progress=context.sink.progress,
                reading=reading,
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


@contextmanager
def _reading(settings: KnowledgeBaseSettings) -> Iterator[Reading]:
    if settings.engine == "local":
        yield read_here
        return
    from medrwr.knowledge_base.ray_reading import RayReading

    with ray_cluster(settings.workers, setting="knowledge_base.engine") as workers:
        yield RayReading(workers)
