"""A folder of documents -> passages, terms, and the list of what was left out and why."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from medrwr.config import KnowledgeBaseSettings
from medrwr.errors import ArtefactError, DocumentError
from medrwr.knowledge_base.chunking import chunk_document
from medrwr.knowledge_base.readers import read_document
from medrwr.knowledge_base.terms import Term, collect_terms
from medrwr.types import Document, Passage, Quarantined


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
    """Read every file below `folder`, names starting with a dot left out; bad documents are quarantined.

    Raises:
        ArtefactError: the folder is missing, has no file, or no file in it is a usable document.
    """
    documents: list[Document] = []
    quarantined: list[Quarantined] = []
    for path, document_id in _files(folder, source):
        try:
            document = read_document(path, document_id=document_id, source=source, format_name=format_name)
            _reject_short(document, settings.min_words)
        except DocumentError as error:
            quarantined.append(Quarantined(document_id, source, str(error)))
        else:
            documents.append(document)
    if not documents:
        reasons = "; ".join(entry.reason for entry in quarantined[:3])
        raise ArtefactError(f"source {source!r}: none of {len(quarantined)} files in {folder} is usable: {reasons}")
    passages = [
        passage for document in documents for passage in chunk_document(document, chunk_words=settings.chunk_words)
    ]
    return KnowledgeBase(tuple(passages), tuple(collect_terms(documents)), tuple(quarantined), len(documents))


def _files(folder: Path, source: str) -> list[tuple[Path, str]]:
    """Files (dangling links included) with their ids, sorted: the path without suffix, or with it where two agree."""
    if not folder.is_dir():
        raise ArtefactError(
            f"source {source!r}: folder {folder} does not exist: "
            f"create it, or correct knowledge_base.sources.{source}.path"
        )
    paths = [
        path
        for path in sorted(folder.rglob("*"))
        if (path.is_file() or path.is_symlink()) and not any(part[0] == "." for part in path.relative_to(folder).parts)
    ]
    if not paths:
        raise ArtefactError(f"source {source!r}: folder {folder} is empty: put its documents there")
    stems = [path.relative_to(folder).with_suffix("").as_posix() for path in paths]
    uses = Counter(stems)
    return [
        (path, stem if uses[stem] == 1 else path.relative_to(folder).as_posix())
        for path, stem in zip(paths, stems, strict=True)
    ]


def _reject_short(document: Document, min_words: int) -> None:
    words = sum(len(section.text.split()) for section in document.sections)
    if words < min_words:
        raise DocumentError(
            f"document {document.document_id!r} has {words} words of text, expected at least {min_words} "
            "(knowledge_base.min_words)"
        )
