"""Stage `knowledge_base`: the documents of one source become passages and terms; bad ones go to quarantine (M7)."""

from __future__ import annotations

from pathlib import Path

from medrwr.knowledge_base import build_knowledge_base
from medrwr.records import write_records
from pipelines.stage import StageContext, StageResult


def run(context: StageContext, source: str) -> StageResult:
    """Write passages.jsonl, terms.jsonl and quarantine.jsonl below data/knowledge_base/<source>."""
    settings = context.params.knowledge_base
    entry = settings.sources[source]
    built = build_knowledge_base(
        context.paths.root / Path(entry.path), source=source, settings=settings, format_name=entry.format
    )
    folder = context.paths.knowledge_base(source)
    write_records(folder / "terms.jsonl", built.terms)
    write_records(folder / "quarantine.jsonl", built.quarantined)
    write_records(folder / "passages.jsonl", built.passages)  # last: with it the source is complete
    words = [len(passage.text.split()) for passage in built.passages]
    metrics = {
        "documents": built.documents,
        "passages": len(words),
        "terms": len(built.terms),
        "quarantined": len(built.quarantined),
        "mean_words": sum(words) / len(words),
        "longest_words": max(words),
    }
    headline = f"{len(words)} passages of {built.documents} documents, {len(built.quarantined)} quarantined"
    return StageResult(metrics, headline, (folder / "quarantine.jsonl",), {"source": source})
