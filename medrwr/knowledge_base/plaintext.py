"""Plain text: paragraphs between blank lines, a short first line as the title."""

from __future__ import annotations

import re

from medrwr.errors import DocumentError
from medrwr.knowledge_base.markdown import reject_broken_end
from medrwr.types import Document, Section

_LONGEST_TITLE = 25
_WRAPPED = 40
_ENDS = (".", "!", "?", ":", ";")
_HYPHEN = re.compile(r"[^\W\d_]-$")


def matches(name: str, head: str) -> bool:
    """By name, or without any suffix; what looks like markup or data is not text."""
    suffix = name.rpartition(".")[2] if "." in name else ""
    data = ("<?xml", "<!", "{", "[{", "[[", '["', "\x00")
    return suffix in {"txt", "text", ""} and not head.lstrip().startswith(data)


def read(text: str, *, document_id: str, source: str) -> Document:
    """One document with one section.

    Raises:
        DocumentError: it breaks off in the middle of a sentence.
    """
    lines = text.lstrip("\ufeff").splitlines() or [""]
    last = next((line for line in reversed(lines) if line.strip()), "")
    reject_broken_end(text, last, document_id)
    first = next((number for number, line in enumerate(lines) if line.strip()), 0)
    title = document_id.rsplit("/", 1)[-1]
    body = lines
    if len(lines[first].split()) <= _LONGEST_TITLE and any(line.strip() for line in lines[first + 1 :]):
        title, body = " ".join(lines[first].split()).rstrip("."), lines[first + 1 :]
    paragraphs = unwrap(body)
    if not paragraphs:
        raise DocumentError(f"document {document_id!r} has no text: fill it in or remove it")
    return Document(document_id, title, (Section("", "\n".join(paragraphs)),), source)


def unwrap(lines: list[str]) -> list[str]:
    """Paragraphs: a long line that ends no sentence goes on in the next one, a hyphen at its end is taken away."""
    paragraphs: list[list[str]] = []
    fresh = True
    for line in (" ".join(line.split()) for line in lines):
        before = paragraphs[-1][-1] if paragraphs else ""
        if not line:
            fresh = True
            continue
        if fresh or len(before) < _WRAPPED or before.endswith(_ENDS):
            paragraphs.append([line])
        else:
            paragraphs[-1].append(line)
        fresh = False
    return [_joined(parts) for parts in paragraphs]


def _joined(parts: list[str]) -> str:
    pieces: list[str] = []
    for number, part in enumerate(parts, start=1):
        follows = parts[number][:1].islower() if number < len(parts) else False
        if _HYPHEN.search(part) and follows:
            pieces.append(part[:-1])
        else:
            pieces.append(part + " ")
    return "".join(pieces).strip()
