"""SQuAD's JSON (Rajpurkar et al., EMNLP 2016), as many medical question sets use it: the contexts are the documents."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from medrwr.errors import DocumentError
from medrwr.knowledge_base.content import Content
from medrwr.knowledge_base.json_stream import as_list, as_text, stream_items
from medrwr.knowledge_base.reading import Item, Job, clean_lines
from medrwr.types import Document, Section

_START = re.compile(r'\s*\{\s*(?:"version"\s*:\s*"?[\w.\- ]{0,40}"?\s*,\s*)?"data"\s*:\s*\[')


def matches(_name: str, head: str) -> bool:
    """By content: an object with an array `data`."""
    return bool(_START.match(head))


def read(content: Content, job: Job) -> Iterator[Item]:
    """One document an article, one section a paragraph.

    Raises:
        DocumentError: where the file is broken, or when it holds no article.
    """
    number = 0
    for number, article in enumerate(stream_items(content, "data.item"), start=1):
        yield _document(number, article if isinstance(article, dict) else {}, job)
    if not number:
        raise DocumentError(f"document {job.document_id!r} has an empty `data`: it holds no article")


def _document(number: int, article: dict[str, Any], job: Job) -> Item:
    title = as_text(article.get("title")).replace("_", " ").strip()
    paragraphs = [one for one in as_list(article.get("paragraphs")) if isinstance(one, dict)]
    contexts = [clean_lines(as_text(paragraph.get("context"))) for paragraph in paragraphs]
    sections = tuple(Section("", context) for context in contexts if context)
    if not sections:
        return job.rejected(str(number), f"article {number} ({title or 'without a title'}) has no context")
    return Document(job.record_id(str(number)), title or f"Article {number}", sections, job.source)
