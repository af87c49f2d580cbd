"""One file -> what the cache keeps of it: the passages of each good document, the reason of each bad one."""

from __future__ import annotations

from collections.abc import Iterator

from medrwr.config import KnowledgeBaseSettings, SourceSettings
from medrwr.errors import DocumentError
from medrwr.knowledge_base.cache import Entry
from medrwr.knowledge_base.chunking import chunk_document
from medrwr.knowledge_base.content import LARGEST_TEXT
from medrwr.knowledge_base.keys import DigestedFile
from medrwr.knowledge_base.readers import read_documents
from medrwr.knowledge_base.reading import check_sections
from medrwr.knowledge_base.similarity import sign
from medrwr.records import to_line
from medrwr.types import Document, Passage, Quarantined

STUMBLED = "its reader failed, which is a mistake of ours, please report it:"
_MOST_REASONS = 10_000  # of one file; the rest is counted
_STUMBLES = (ArithmeticError, AssertionError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
_HOPELESS = 100_000  # rejected records without one document: the file is given up


def said(passage: Passage) -> str:
    """What a passage says, and of what."""
    return f"{passage.title} {passage.section} {passage.text}"


def entries_of(
    file: DigestedFile, *, source: str, settings: KnowledgeBaseSettings, entry: SourceSettings
) -> Iterator[Entry | Quarantined]:
    """The file's documents in order; a file that cannot be read is one reason."""
    documents = rejected = 0
    try:
        for item in read_documents(file.path, document_id=file.file_id, source=source, settings=entry):
            made = item if isinstance(item, Quarantined) else _entry_or_reason(item, settings)
            if isinstance(made, Entry):
                documents += 1
                yield made
                continue
            rejected += 1
            if rejected <= _MOST_REASONS:
                yield made
            if rejected == _HOPELESS and not documents:
                raise DocumentError(f"document {file.file_id!r}: none of its first {rejected} records is a document")
    except DocumentError as error:
        yield Quarantined(file.file_id, source, str(error))
    except _STUMBLES as error:  # one file that a reader did not foresee must not cost all others
        yield Quarantined(file.file_id, source, f"{STUMBLED} {type(error).__name__}: {error}"[:300])
    if rejected > _MOST_REASONS:
        yield Quarantined(file.file_id, source, f"{rejected - _MOST_REASONS} more records of it were rejected")


def _entry_or_reason(document: Document, settings: KnowledgeBaseSettings) -> Entry | Quarantined:
    try:
        _reject_odd(document, settings.min_words)
    except DocumentError as error:
        return Quarantined(document.document_id, document.source, str(error))
    return _entry(document, settings)


def _entry(document: Document, settings: KnowledgeBaseSettings) -> Entry:
    passages = chunk_document(document, chunk_words=settings.chunk_words, tail_share=settings.tail_share)
    lines = "".join(to_line(passage) + "\n" for passage in passages).encode("utf-8")
    return Entry(len(passages), lines, sign(map(said, passages)).tobytes(), document.terms)


def _reject_odd(document: Document, min_words: int) -> None:
    check_sections(len(document.sections), document.document_id)
    length = sum(len(section.text) for section in document.sections)
    if length > LARGEST_TEXT:
        raise DocumentError(
            f"document {document.document_id!r} has {length} characters, at most {LARGEST_TEXT}: split it"
        )
    words = sum(len(section.text.split()) for section in document.sections)
    if words < min_words:
        raise DocumentError(
            f"document {document.document_id!r} has {words} words of text, expected at least {min_words} "
            "(knowledge_base.min_words)"
        )
