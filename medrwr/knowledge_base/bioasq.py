"""BioASQ's question sets (Tsatsaronis et al., BMC Bioinformatics 2015): their snippets, pooled by PubMed id.

Of a file, all snippets of one article are one document, its sections those of the article, in the article's order.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from medrwr.errors import DocumentError
from medrwr.knowledge_base.content import Content
from medrwr.knowledge_base.json_stream import as_list, as_text, stream_items
from medrwr.knowledge_base.reading import Item, Job, clean
from medrwr.types import Document, Section

_START = re.compile(r'\s*\{\s*"questions"\s*:\s*\[')
_PUBMED = re.compile(r"/pubmed/(\d+)")
_NEIGHBOURS = 20
Snippets = dict[str, dict[str, dict[tuple[int, str], None]]]  # url -> section -> (offset, text), each once


def matches(_name: str, head: str) -> bool:
    """By content: an object with an array `questions`."""
    return bool(_START.match(head))


def read(content: Content, job: Job) -> Iterator[Item]:
    """One document an article, in the order in which articles first appear.

    Raises:
        DocumentError: the file holds no snippet at all.
    """
    pooled: Snippets = {}
    broken: DocumentError | None = None
    try:
        for question in stream_items(content, "questions.item"):
            for snippet in as_list(question.get("snippets")) if isinstance(question, dict) else []:
                _add(pooled, snippet)
    except DocumentError as error:
        broken = error
    for url, sections in pooled.items():
        yield _document(url, sections, job)
    if broken is not None:
        raise broken
    if not pooled:
        raise DocumentError(f"document {job.document_id!r} has no question with a snippet")


def _add(pooled: Snippets, snippet: Any) -> None:
    if not isinstance(snippet, dict):
        return
    text, url = clean(as_text(snippet.get("text"))), as_text(snippet.get("document"))
    if text and url:
        start = snippet.get("offsetInBeginSection")
        section = pooled.setdefault(url, {}).setdefault(as_text(snippet.get("beginSection")), {})
        section[start if isinstance(start, int) else 0, text] = None


def _document(url: str, sections: dict[str, dict[tuple[int, str], None]], job: Job) -> Document:
    found = _PUBMED.search(url)
    key = found[1] if found else url
    titles = [text for _, text in sections.get("title", {})]
    return Document(
        document_id=job.record_id(key),
        title=titles[0].rstrip(".") if titles else f"PubMed {key}",
        sections=tuple(Section(name, "\n".join(_in_order(places))) for name, places in sections.items()),
        source=job.source,
        url=url,
    )


def _in_order(places: Iterable[tuple[int, str]]) -> list[str]:
    """Texts by their offset, without those that lie within another (it starts no later, and not far before)."""
    kept: list[str] = []
    for _, text in sorted(places, key=lambda place: (place[0], -len(place[1]), place[1])):
        if not any(text in other for other in kept[-_NEIGHBOURS:]):
            kept.append(text)
    return kept
