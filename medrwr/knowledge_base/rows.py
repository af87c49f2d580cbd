"""Tables and records: CSV, TSV, JSON lines and arrays of JSON objects, with a mapping of their columns.

A column that `columns` does not name is found by its usual names; a table in which no column holds text is refused.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from typing import Any

from medrwr.config import ColumnSettings
from medrwr.errors import DocumentError
from medrwr.knowledge_base.content import LARGEST_RECORD, Content
from medrwr.knowledge_base.json_stream import as_text, json_lines, stream_items
from medrwr.knowledge_base.reading import Item, Job, clean, clean_lines
from medrwr.types import Document, Section

_USUAL = {
    "text": (
        "text",
        "contents",
        "content",
        "body",
        "abstract",
        "passage",
        "chunk",
        "document",
        "answer",
        "explanation",
    ),
    "title": ("title", "name", "heading", "topic", "question"),
    "id": ("id", "_id", "doc_id", "docid", "pmid", "uid"),
    "section": ("section", "heading_path", "chapter"),
    "licence": ("licence", "license"),
    "modality": ("modality",),
    "url": ("url", "link", "source_url"),
    "date": ("date", "year", "published"),
}
_OBJECTS = re.compile(r"\s*\[\s*\{")
_DATE = re.compile(r"\d{4}(?:-\d{2}(?:-\d{2})?)?")


def matches(name: str, head: str) -> bool:
    """Tables by name; JSON records by content."""
    if name.endswith((".csv", ".tsv", ".jsonl", ".ndjson")):
        return not head.lstrip().startswith("<")
    return bool(_OBJECTS.match(head)) or _is_object(head.lstrip().split("\n", 1)[0])


def read(content: Content, job: Job) -> Iterator[Item]:
    """One document a row; rows without text and rows that cannot be read are rejected.

    Raises:
        DocumentError: no text column, or a table that cannot be read on.
    """
    mapping: dict[str, list[str]] | None = None
    seen: set[str] = set()
    for number, row in enumerate(_rows(content), start=1):
        if isinstance(row, str) or not isinstance(row, dict):
            yield job.rejected(str(number), row if isinstance(row, str) else f"record {number} is no object")
            continue
        mapping = mapping or _mapping(job.columns, list(row), job.document_id)
        fields = {name: _values(row, keys) for name, keys in mapping.items()}
        key = clean(_first(fields["id"])) or str(number)
        if key in seen:
            yield job.rejected(key, f"record {number} repeats id {key}")
            continue
        seen.add(key)
        yield _document(key, fields, job)
    if mapping is None and not seen:
        raise DocumentError(f"document {job.document_id!r} has no row of data")


def _rows(content: Content) -> Iterator[Any]:
    if content.name.endswith((".csv", ".tsv")):
        return _table(content, "\t" if content.name.endswith(".tsv") else ",")
    return stream_items(content, "item") if _OBJECTS.match(content.head) else json_lines(content)


def _table(content: Content, delimiter: str) -> Iterator[dict[str, str] | str]:
    csv.field_size_limit(LARGEST_RECORD)
    with content.stream() as stream:
        lines = _decoded(stream.lines(), content.document_id)
        if delimiter == "\t":
            rows = csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_NONE, strict=True)
        else:
            rows = csv.reader(lines, strict=True)
        header: list[str] = []
        while True:
            try:
                row = next(rows, None)
            except csv.Error as error:
                raise DocumentError(
                    f"document {content.document_id!r} is a broken table at line {rows.line_num}: {error}"
                ) from None
            if row is None:
                return
            if not header:
                header = [name.strip().lstrip("\ufeff") for name in row]
            elif len(row) != len(header):
                yield f"line {rows.line_num} has {len(row)} fields, the header has {len(header)}"
            else:
                yield dict(zip(header, row, strict=True))


def _decoded(lines: Iterator[bytes | None], document_id: str) -> Iterator[str]:
    for number, line in enumerate(lines, start=1):
        try:
            if line is None:
                raise DocumentError(f"document {document_id!r} has a line {number} that is too long: split the record")
            yield line.decode("utf-8") + "\n"
        except UnicodeDecodeError as error:
            raise DocumentError(
                f"document {document_id!r} is not UTF-8 in line {number} ({error.reason}): save it again as UTF-8"
            ) from None


def _mapping(columns: ColumnSettings, names: list[str], document_id: str) -> dict[str, list[str]]:
    known = {name.lower(): name for name in reversed(names)}
    mapping: dict[str, list[str]] = {}
    for role, usual in _USUAL.items():
        asked = getattr(columns, role)
        asked = asked if isinstance(asked, list) else [asked] if asked else []
        missing = [name for name in asked if name not in names]
        if missing:
            raise DocumentError(
                f"document {document_id!r} has no column {missing[0]!r} (columns.{role}): it has "
                f"{', '.join(names)[:200]}"
            )
        mapping[role] = asked or [known[name] for name in usual if name in known][:1]
    if not mapping["text"]:
        raise DocumentError(
            f"document {document_id!r} has the columns {', '.join(names)[:200]}: "
            "name the one with the text in knowledge_base.sources.<source>.columns.text"
        )
    return mapping


def _document(key: str, fields: dict[str, list[tuple[str, str]]], job: Job) -> Item:
    texts = [(name, clean_lines(value)) for name, value in fields["text"]]
    heading = clean(_first(fields["section"]))
    sections = tuple(Section(heading or (name if len(texts) > 1 else ""), text) for name, text in texts if text)
    if not sections:
        return job.rejected(key, f"record {key} has no text")
    date = _DATE.match(_first(fields["date"]).strip())
    title = clean(_first(fields["title"]))
    return Document(
        document_id=job.record_id(key),
        title=title or key,
        sections=sections,
        source=job.source,
        licence=clean(_first(fields["licence"])),
        modality=clean(_first(fields["modality"])),
        url=clean(_first(fields["url"])),
        terms=((title,),) if 0 < len(title.split()) <= 6 else (),
        date=date[0] if date else "",
    )


def _values(row: dict[str, Any], keys: list[str]) -> list[tuple[str, str]]:
    return [(key, _joined(row.get(key))) for key in keys]


def _joined(value: Any) -> str:
    return "\n".join(as_text(one) for one in value) if isinstance(value, list) else as_text(value)


def _first(values: list[tuple[str, str]]) -> str:
    return values[0][1] if values else ""


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False
