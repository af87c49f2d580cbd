"""JATS XML (NISO Z39.96), the articles of PubMed Central: front matter, abstract, nested sections, tables' captions.

Reference lists, formulas' alternatives and citation marks are left out: they would only be noise to a retriever.
"""

from __future__ import annotations

import re

from medrwr.errors import DocumentError
from medrwr.knowledge_base.markup import Element, child, children, inline, local, parse_xml
from medrwr.knowledge_base.reading import heading_path
from medrwr.types import Document, Section

_ROOT = re.compile(r"<(?:pmc-articleset|article)\b", re.IGNORECASE)
_PARTS = re.compile(r"<(?:front|article-meta|journal-meta)\b|JATS|NLM//DTD", re.IGNORECASE)
_SKIPPED = {"ref-list", "tex-math", "fn-group", "ack", "supplementary-material", "object-id", "alternatives", "label"}
_TEXTS = {"p", "title", "attrib", "term", "verse-line"}
_CONTAINERS = {"list", "def-list", "table-wrap", "fig", "fig-group", "boxed-text", "disp-quote", "table", "verse-group"}
_XLINK = "{http://www.w3.org/1999/xlink}href"


def matches(_name: str, head: str) -> bool:
    """By content: an `article` with front matter, or JATS' document type."""
    return bool(_ROOT.search(head) and _PARTS.search(head))


def read(text: str, *, document_id: str, source: str) -> Document:
    """Parse one article.

    Raises:
        DocumentError: broken or truncated XML, no article in it, or neither abstract nor body.
    """
    root = parse_xml(text, document_id)
    article = root if local(root) == "article" else next((one for one in root.iter() if local(one) == "article"), None)
    meta = None if article is None else child(article, "front", "article-meta")
    if article is None or meta is None:
        raise DocumentError(f"document {document_id!r} has no <article> with <article-meta>: it is no JATS article")
    sections = [*_abstracts(meta), *_body(child(article, "body"))]
    kept = tuple(Section(heading, "\n".join(lines)) for heading, lines in sections if lines)
    if not kept:
        raise DocumentError(f"document {document_id!r} has neither abstract nor body: leave it out")
    title = _inline(child(meta, "title-group", "article-title")) or document_id.rsplit("/", 1)[-1]
    return Document(
        document_id=document_id,
        title=title,
        sections=kept,
        source=source,
        licence=_licence(meta),
        url=_url(meta),
        terms=tuple((name,) for name in _keywords(meta)),
        date=_date(meta),
    )


def _abstracts(meta: Element) -> list[tuple[str, list[str]]]:
    return [part for one in children(meta, "abstract") for part in _sections(one, ("Abstract",))]


def _body(body: Element | None) -> list[tuple[str, list[str]]]:
    return [] if body is None else _sections(body, ())


def _sections(element: Element, path: tuple[str, ...]) -> list[tuple[str, list[str]]]:
    own: list[str] = []
    below: list[tuple[str, list[str]]] = []
    for one in element:
        if local(one) == "sec":
            below += _sections(one, (*path, _inline(child(one, "title"))))
        elif local(one) != "title":
            own += _lines(one)
    return [(heading_path(*path), own), *below]


def _lines(element: Element) -> list[str]:
    """What a block says, line by line: paragraphs, table rows, list items, captions."""
    name = local(element)
    if name in _SKIPPED or not name:
        return []
    if name == "tr":
        cells = [_inline(cell) for cell in element if local(cell) in {"td", "th"}]
        return [line] if (line := " | ".join(cell for cell in cells if cell)) else []
    if name not in _TEXTS:
        return [line for one in element for line in _lines(one)]
    own = inline(element, skip=lambda one: local(one) in _CONTAINERS or _is_noise(one))
    nested = [line for one in element if local(one) in _CONTAINERS for line in _lines(one)]
    return [line for line in [own, *nested] if line]


def _inline(element: Element | None) -> str:
    return inline(element, skip=_is_noise)


def _is_noise(element: Element) -> bool:
    return local(element) in _SKIPPED or (local(element) == "xref" and element.get("ref-type") == "bibr")


def _keywords(meta: Element) -> list[str]:
    names = (inline(one) for group in children(meta, "kwd-group") for one in children(group, "kwd"))
    return list(dict.fromkeys(name for name in names if 0 < len(name.split()) <= 6))


def _licence(meta: Element) -> str:
    licence = child(meta, "permissions", "license")
    if licence is None:
        return ""
    reference = inline(next((one for one in licence.iter() if local(one) == "license_ref"), None))
    return reference or licence.get(_XLINK, "") or licence.get("license-type", "") or inline(licence)[:200]


def _url(meta: Element) -> str:
    ids = {one.get("pub-id-type", ""): inline(one) for one in children(meta, "article-id")}
    if doi := ids.get("doi"):
        return f"https://doi.org/{doi}"
    return f"https://pubmed.ncbi.nlm.nih.gov/{ids['pmid']}/" if ids.get("pmid") else ""


def _date(meta: Element) -> str:
    """The earliest date of publication, as exact as it is given."""
    found = [
        "-".join(part.zfill(2) for part in parts)
        for one in children(meta, "pub-date")
        if (parts := _parts([inline(child(one, name)) for name in ("year", "month", "day")]))
    ]
    return min(found, default="")


def _parts(values: list[str]) -> list[str]:
    """Numbers up to the first that is missing: a month in words ends the date."""
    numbers: list[str] = []
    for value in values:
        if not value.isdigit():
            break
        numbers.append(value)
    return numbers
