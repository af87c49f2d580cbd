"""PubMedQA (Jin et al., EMNLP 2019): PMID -> question, the abstract's labelled parts, MeSH terms, conclusion.

The abstract is the document; its conclusion (LONG_ANSWER) is part of the abstract and stays, the question does not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from medrwr.errors import DocumentError
from medrwr.knowledge_base.content import Content
from medrwr.knowledge_base.json_stream import as_list, as_text, stream_pairs
from medrwr.knowledge_base.reading import Item, Job, clean
from medrwr.types import Document, Section

_START = re.compile(r'\s*\{\s*"\d+"\s*:\s*\{\s*"(?:QUESTION|CONTEXTS|LABELS|MESHES|YEAR)"')


def matches(_name: str, head: str) -> bool:
    """By content."""
    return bool(_START.match(head))


def read(content: Content, job: Job) -> Iterator[Item]:
    """One document an abstract.

    Raises:
        DocumentError: where the file is broken, or when it holds no record.
    """
    seen: set[str] = set()
    for key, value in stream_pairs(content):
        if key in seen:
            yield job.rejected(key, f"record {key} repeats a PMID")
            continue
        seen.add(key)
        yield _document(key, value if isinstance(value, dict) else {}, job)
    if not seen:
        raise DocumentError(f"document {job.document_id!r} holds no record")


def _document(key: str, value: dict[str, Any], job: Job) -> Item:
    labels = [as_text(label) for label in as_list(value.get("LABELS"))]
    parts = [clean(as_text(part)) for part in as_list(value.get("CONTEXTS"))]
    labels += [""] * (len(parts) - len(labels))
    pairs = [(label, part) for label, part in zip(labels, parts, strict=False) if part]
    lines = [f"{label.capitalize()}: {part}" if label else part for label, part in pairs]
    if conclusion := clean(as_text(value.get("LONG_ANSWER"))):
        lines.append(f"Conclusion: {conclusion}")
    if not lines:
        return job.rejected(key, f"record {key} has no abstract")
    meshes = [clean(as_text(name)) for name in as_list(value.get("MESHES"))]
    return Document(
        document_id=job.record_id(key),
        title=f"PubMed {key}",
        sections=(Section("Abstract", "\n".join(lines)),),
        source=job.source,
        url=f"https://pubmed.ncbi.nlm.nih.gov/{key}/",
        terms=tuple((name,) for name in dict.fromkeys(meshes) if name),
        date=as_text(value.get("YEAR")),
    )
