"""The registry of readers: a file's format is told by its content first, by its name second."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from medrwr.config import SourceSettings
from medrwr.errors import DocumentError
from medrwr.knowledge_base import (
    bioasq,
    cnxml,
    html,
    jats,
    markdown,
    medcpt,
    medmcqa,
    medquad,
    pdf,
    plaintext,
    pubmed,
    pubmedqa,
    rows,
    squad,
)
from medrwr.knowledge_base.content import Content
from medrwr.knowledge_base.reading import Item, Job, Reader, one_document
from medrwr.types import Document

# In the order in which they are asked: what can be told by its content comes before what is told by its name.
READERS: dict[str, Reader] = {
    "pdf": Reader(pdf.matches, pdf.read),
    "medquad": Reader(medquad.matches, one_document(medquad.read)),
    "cnxml": Reader(cnxml.matches, one_document(cnxml.read)),
    "pubmed": Reader(pubmed.matches, pubmed.read),
    "jats": Reader(jats.matches, one_document(jats.read)),
    "bioasq": Reader(bioasq.matches, bioasq.read),
    "squad": Reader(squad.matches, squad.read),
    "medcpt": Reader(medcpt.matches, medcpt.read),
    "pubmedqa": Reader(pubmedqa.matches, pubmedqa.read),
    "medmcqa": Reader(medmcqa.matches, medmcqa.read),
    "html": Reader(html.matches, one_document(html.read)),
    "markdown": Reader(markdown.matches, one_document(markdown.read, prose=True)),
    "rows": Reader(rows.matches, rows.read),
    "text": Reader(plaintext.matches, one_document(plaintext.read, prose=True)),
}
_OTHERS = {
    b"PK\x03\x04": "a ZIP archive (or an office document): unpack it, or save it as PDF or text",
    b"\x89PNG": "a PNG image: images belong to the case index",
    b"\xff\xd8\xff": "a JPEG image: images belong to the case index",
    b"BZh": "a bzip2 archive: unpack it",
    b"\xfd7zXZ": "an xz archive: unpack it",
    b"7z\xbc\xaf": "a 7-Zip archive: unpack it",
    b"\xd0\xcf\x11\xe0": "an old office document: save it as PDF or text",
    b"SQLite format": "a database",
}
_ABOUT = {"license", "licence", "copying", "notice", "readme", "source", "changelog", "contributing"}


def read_documents(path: Path, *, document_id: str, source: str, settings: SourceSettings) -> Iterator[Item]:
    """All documents of one file, and its bad records.

    Raises:
        DocumentError: missing, empty, too large, wrongly encoded, of an unknown format, or broken; what was read
            before the broken place was given already.
    """
    content = Content(path, document_id)
    if settings.format == "auto" and path.stem.lower() in _ABOUT and path.suffix.lower() in {"", ".txt", ".md", ".rst"}:
        raise DocumentError(f"document {path.name!r} is about the data set, none of its documents: name it otherwise")
    reader = _choose(content) if settings.format == "auto" else READERS[settings.format]
    for item in reader.read(content, Job(document_id, source, settings.columns)):
        if isinstance(item, Document) and not item.licence and settings.licence:
            item = replace(item, licence=settings.licence)
        yield item


def read_document(path: Path, *, document_id: str, source: str, format_name: str = "auto") -> Document:
    """The document of a one-document file.

    Raises:
        DocumentError: as `read_documents`, or when the file holds several.
    """
    settings = SourceSettings.model_validate({"path": str(path.parent), "format": format_name})
    items = list(read_documents(path, document_id=document_id, source=source, settings=settings))
    if len(items) != 1 or not isinstance(items[0], Document):
        raise DocumentError(f"document {document_id!r} holds {len(items)} records, expected one document")
    return items[0]


def _choose(content: Content) -> Reader:
    for mark, kind in _OTHERS.items():
        if content.start.startswith(mark):
            raise DocumentError(f"document {content.path.name!r} is {kind}")
    for reader in READERS.values():
        if reader.matches(content.name, content.head):
            return reader
    raise DocumentError(
        f"document {content.path.name!r} is of no known format: expected {', '.join(sorted(READERS))} "
        "(or name it: knowledge_base.sources.<source>.format)"
    )
