"""The registry of readers: a file's format is told by its content first, by its name second."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from medrwr.errors import DocumentError
from medrwr.knowledge_base import markdown, medquad
from medrwr.types import Document

_HEAD_CHARACTERS = 4096
_LARGEST_BYTES = 32 * 2**20
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f]")


class Read(Protocol):
    """Text of one file -> document; raises DocumentError."""

    def __call__(self, text: str, *, document_id: str, source: str) -> Document: ...


@dataclass(frozen=True, slots=True)
class Reader:
    """`matches(file name, first characters)` tells whether a file is of this format."""

    matches: Callable[[str, str], bool]
    read: Read


READERS: dict[str, Reader] = {
    "medquad": Reader(medquad.matches, medquad.read),
    "markdown": Reader(markdown.matches, markdown.read),
}


def read_document(path: Path, *, document_id: str, source: str, format_name: str = "auto") -> Document:
    """Read one file.

    Raises:
        DocumentError: missing, empty, too large, not UTF-8, of an unknown format, or broken inside.
    """
    text = _decode(path, document_id)
    if format_name != "auto":
        return READERS[format_name].read(text, document_id=document_id, source=source)
    for reader in READERS.values():
        if reader.matches(path.name, text[:_HEAD_CHARACTERS]):
            return reader.read(text, document_id=document_id, source=source)
    raise DocumentError(f"document {path.name!r} is of no known format: expected {', '.join(sorted(READERS))}")


def _decode(path: Path, document_id: str) -> str:
    try:
        size = path.stat().st_size
        content = path.read_bytes() if size <= _LARGEST_BYTES else b""
    except FileNotFoundError:
        raise DocumentError(f"document {document_id!r} is missing: {path.name} points to no file") from None
    except OSError as error:
        raise DocumentError(f"document {document_id!r} cannot be read: {error.strerror}") from None
    if size > _LARGEST_BYTES:
        raise DocumentError(f"document {document_id!r} has {size} bytes, at most {_LARGEST_BYTES} are read: split it")
    if not content.strip():
        raise DocumentError(f"document {document_id!r} is empty ({size} bytes)")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        kind = "truncated inside a character" if error.reason == "unexpected end of data" else "not UTF-8"
        raise DocumentError(
            f"document {document_id!r} is {kind} (byte {error.start}, {error.reason}): save it again as UTF-8"
        ) from None
    if found := _CONTROL.search(text):
        raise DocumentError(f"document {document_id!r} has a control character at {found.start()}: it is not text")
    return text
