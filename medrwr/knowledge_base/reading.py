"""What readers have in common: what they are told, what they give, and the adapter for one-document formats."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from medrwr.config import ColumnSettings
from medrwr.errors import DocumentError
from medrwr.knowledge_base.content import Content
from medrwr.types import Document, Quarantined

PATH_SEPARATOR = " > "
MOST_SECTIONS = 20_000
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]+")


@dataclass(frozen=True, slots=True)
class Job:
    """How the documents of one file are called, and what its source says about them."""

    document_id: str
    source: str
    columns: ColumnSettings = field(default_factory=ColumnSettings)

    def record_id(self, key: str) -> str:
        """The id of one of several documents of the file."""
        return f"{self.document_id}#{key}"

    def rejected(self, key: str, reason: str) -> Quarantined:
        return Quarantined(self.record_id(key), self.source, reason)


Item = Document | Quarantined


class Read(Protocol):
    """One file -> its documents, bad records among them; DocumentError where nothing more can be read."""

    def __call__(self, content: Content, job: Job) -> Iterator[Item]: ...


class ReadText(Protocol):
    """Text of a one-document file -> document; raises DocumentError."""

    def __call__(self, text: str, *, document_id: str, source: str) -> Document: ...


@dataclass(frozen=True, slots=True)
class Reader:
    """`matches(file name in lower case, first characters)` tells whether a file is of this format."""

    matches: Callable[[str, str], bool]
    read: Read


def one_document(read_text: ReadText, *, prose: bool = False) -> Read:
    """The reader of a format with one document a file; `prose`: a file is hardly longer than its text."""

    def read(content: Content, job: Job) -> Iterator[Item]:
        text = content.prose() if prose else content.text()
        yield read_text(text, document_id=job.document_id, source=job.source)

    return read


def heading_path(*headings: str) -> str:
    """Example: `heading_path("Treatment", "", "Dose")` is 'Treatment > Dose'."""
    return PATH_SEPARATOR.join(heading for heading in headings if heading)


def check_sections(count: int, document_id: str) -> None:
    """Refuse a document of absurdly many sections, before time is spent on them.

    Raises:
        DocumentError: there are more than `MOST_SECTIONS`.
    """
    if count > MOST_SECTIONS:
        raise DocumentError(f"document {document_id!r} has more than {MOST_SECTIONS} sections: split it")


def clean(text: str) -> str:
    """One paragraph: white space normalised, control characters and lone surrogates (JSON's escapes) gone."""
    return " ".join(_CONTROL.sub(" ", text).split())


def clean_lines(text: str) -> str:
    """As `clean`, line breaks kept: they end sentences."""
    lines = (clean(line) for line in text.splitlines())
    return "\n".join(line for line in lines if line)
