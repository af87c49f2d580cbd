"""A folder of documents -> passages, terms, and the list of what was left out and why, all in memory."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from medrwr.config import KnowledgeBaseSettings, SourceSettings
from medrwr.knowledge_base.cache import Cache
from medrwr.knowledge_base.ingestion import ingest
from medrwr.knowledge_base.output import PASSAGES, QUARANTINE, TERMS
from medrwr.knowledge_base.terms import Term
from medrwr.records import read_records
from medrwr.types import Passage, Quarantined


@dataclass(frozen=True, slots=True)
class KnowledgeBase:
    """One source, read: passages and terms in a stable order."""

    passages: tuple[Passage, ...]
    terms: tuple[Term, ...]
    quarantined: tuple[Quarantined, ...]
    documents: int


def build_knowledge_base(
    folder: Path, *, source: str, settings: KnowledgeBaseSettings, format_name: str = "auto"
) -> KnowledgeBase:
    """What the stage would write, without a cache; for small sources.

    Raises:
        ArtefactError: the folder is missing, has no file, or no file in it is a usable document.
    """
    entry = SourceSettings.model_validate({"path": str(folder), "format": format_name})
    store = Cache()
    try:
        with tempfile.TemporaryDirectory(prefix="medrwr-") as name:
            out = Path(name)
            counts = ingest(folder, out, store, source=source, settings=settings, entry=entry)
            return KnowledgeBase(
                passages=tuple(read_records(out / PASSAGES, Passage)[0]),
                terms=tuple(read_records(out / TERMS, Term)[0]),
                quarantined=tuple(read_records(out / QUARANTINE, Quarantined)[0]),
                documents=counts.documents,
            )
    finally:
        store.close()
