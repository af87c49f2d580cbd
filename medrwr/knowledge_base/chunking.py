"""Sentence-aware passages (M7): a passage ends at the first sentence end at or after `chunk_words` words.

Passages never cross sections. A tail shorter than `tail_share` of `chunk_words` joins the passage before it: at 1,
every passage of a section that is long enough has `chunk_words` words. A "sentence" longer than twice `chunk_words`
(a table without full stops) is cut between words.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

from medrwr.types import Document, Passage, Section

_END = re.compile(r"[.!?][\"'”)\]]*(?=\s)|\n")
_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|etc|vs|cf|approx|ca|Dr|Mr|Mrs|Ms|Prof|St|No|Fig|Figs|al|resp|min|max|incl|Inc)|\b[A-Z])\.$"
)
_LONGEST_ABBREVIATION = 12  # characters looked at, so that time is linear in the text
_WORD = re.compile(r"\S+")
_CONTEXT_WORDS = 24


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Half-open character spans of the sentences, white space between them left out.

    Example:
        >>> sentence_spans("Give 2.5 mg, e.g. at night. Then stop.")
        [(0, 27), (28, 38)]
    """
    spans: list[tuple[int, int]] = []
    start = 0
    for found in _END.finditer(text):
        before = text[max(start, found.start() - _LONGEST_ABBREVIATION) : found.start() + 1]
        if found[0] != "\n" and _ABBREVIATION.search(before):
            continue
        spans.append(_trim(text, start, found.end()))
        start = found.end()
    spans.append(_trim(text, start, len(text)))
    return [(first, last) for first, last in spans if first < last]


def chunk_document(document: Document, *, chunk_words: int, tail_share: float = 0.5) -> list[Passage]:
    """All passages of a document, in order; a passage repeated word for word is kept once.

    Each carries the names of the document's concepts as its context: "It is treated first with .." says what by them.
    """
    context = _context(document)
    passages: dict[str, Passage] = {}
    for section in document.sections:
        for start, end in _chunk_spans(section, chunk_words, tail_share):
            text = " ".join(section.text[start:end].split())
            identity = passage_id(document.source, document.document_id, text)
            passages.setdefault(identity, _passage(document, section, identity, text, (start, end), context))
    return list(passages.values())


def passage_id(source: str, document_id: str, text: str) -> str:
    """Content-hashed: stable when other documents, or other passages of this one, change."""
    return hashlib.sha256(f"{source}\x00{document_id}\x00{text}".encode()).hexdigest()[:16]


def _context(document: Document) -> str:
    """Names of the document's concepts except its title, at most `_CONTEXT_WORDS` words of them."""
    names = dict.fromkeys(name for concept in document.terms for name in concept if name != document.title)
    chosen: list[str] = []
    for name in names:
        if sum(len(one.split()) for one in chosen) + len(name.split()) <= _CONTEXT_WORDS:
            chosen.append(name)
    return "; ".join(chosen)


def _passage(
    document: Document, section: Section, identity: str, text: str, span: tuple[int, int], context: str
) -> Passage:
    return Passage(
        passage_id=identity,
        text=text,
        document_id=document.document_id,
        title=document.title,
        section=section.heading,
        source=document.source,
        licence=document.licence,
        modality=document.modality,
        start=span[0],
        end=span[1],
        context=context,
        date=document.date,
    )


def _chunk_spans(section: Section, chunk_words: int, tail_share: float) -> list[tuple[int, int]]:
    chunks: list[tuple[int, int]] = []
    start, words = -1, 0
    for first, last in _pieces(section.text, chunk_words):
        start = first if start < 0 else start
        words += len(section.text[first:last].split())
        if words >= chunk_words:
            chunks.append((start, last))
            start, words = -1, 0
    if start < 0:
        return chunks
    end = len(section.text.rstrip())
    if chunks and words < tail_share * chunk_words:
        return [*chunks[:-1], (chunks[-1][0], end)]
    return [*chunks, (start, end)]


def _pieces(text: str, chunk_words: int) -> Iterator[tuple[int, int]]:
    """Sentence spans, the overlong ones cut every `chunk_words` words."""
    for start, end in sentence_spans(text):
        words = [(found.start() + start, found.end() + start) for found in _WORD.finditer(text[start:end])]
        if len(words) <= 2 * chunk_words:
            yield start, end
            continue
        for first in range(0, len(words), chunk_words):
            yield words[first][0], words[min(first + chunk_words, len(words)) - 1][1]


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    piece = text[start:end]
    return start + len(piece) - len(piece.lstrip()), end - (len(piece) - len(piece.rstrip()))
