"""MedCPT's PubMed chunks (Jin et al., Bioinformatics 2023): PMID -> {d: date, t: title, a: abstract, m: MeSH}."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from medrwr.errors import DocumentError
from medrwr.knowledge_base.content import Content
from medrwr.knowledge_base.json_stream import as_text, stream_pairs
from medrwr.knowledge_base.reading import Item, Job, clean
from medrwr.types import Document, Section

_START = re.compile(r'\s*\{\s*"\d+"\s*:\s*\{\s*"[dtam]"\s*:')
_DATE = re.compile(r"(\d{4})-?(\d{2})?-?(\d{2})?")


def matches(_name: str, head: str) -> bool:
    """By content."""
    return bool(_START.match(head))


def read(content: Content, job: Job) -> Iterator[Item]:
    """One document an article; articles without an abstract are rejected.

    Raises:
        DocumentError: where the file is broken, or when it holds no article.
    """
    seen: set[str] = set()
    for key, value in stream_pairs(content):
        if key in seen:
            yield job.rejected(key, f"article {key} repeats a PMID")
            continue
        seen.add(key)
        yield _document(key, value, job)
    if not seen:
        raise DocumentError(f"document {job.document_id!r} holds no article")


def _document(key: str, value: Any, job: Job) -> Item:
    abstract = clean(as_text(value.get("a"))) if isinstance(value, dict) else ""
    if not abstract:
        return job.rejected(key, f"article {key} has no abstract")
    found = _DATE.match(as_text(value.get("d")))
    return Document(
        document_id=job.record_id(key),
        title=clean(as_text(value.get("t"))).rstrip(".") or f"PubMed {key}",
        sections=(Section("Abstract", abstract),),
        source=job.source,
        url=f"https://pubmed.ncbi.nlm.nih.gov/{key}/",
        date="-".join(part for part in found.groups() if part and part != "00") if found else "",
    )
