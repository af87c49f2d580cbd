"""OpenStax's CNXML: one module of a textbook, with nested sections, notes, tables, figures and a glossary.

Learning outcomes stay; review questions, references and further reading say nothing that answers, and are left out.
"""

from __future__ import annotations

import re

from medrwr.errors import DocumentError
from medrwr.knowledge_base.markup import Element, child, children, inline, local, parse_xml
from medrwr.knowledge_base.reading import heading_path
from medrwr.types import Document, Section

_ROOT = re.compile(r"<(?:\w+:)?document\b[^>]{0,500}cnx\.rice\.edu/cnxml")
_LEFT_OUT = {"references", "suggested-reading", "review-questions"}
_BLOCKS = {"para", "item", "caption", "title", "newline", "problem", "solution"}
_CONTAINERS = {"list", "note", "exercise", "figure", "table", "tgroup", "thead", "tbody", "content", "example", "quote"}
_LICENCES = {"licenses/by/4.0": "CC BY 4.0", "licenses/by-nc-sa/4.0": "CC BY-NC-SA 4.0"}


def matches(_name: str, head: str) -> bool:
    """By content: a `document` of CNXML's name space."""
    return bool(_ROOT.search(head))


def read(text: str, *, document_id: str, source: str) -> Document:
    """Parse one module.

    Raises:
        DocumentError: broken or truncated XML, or no text.
    """
    root = parse_xml(text, document_id)
    title = inline(child(root, "title")) or inline(child(root, "metadata", "title")) or document_id.rsplit("/", 1)[-1]
    content = child(root, "content")
    sections = [] if content is None else _sections(content, ())
    sections += _glossary(child(root, "glossary"))
    kept = tuple(Section(heading, "\n".join(lines)) for heading, lines in sections if lines)
    if not kept:
        raise DocumentError(f"document {document_id!r} is a module without text: leave it out")
    return Document(
        document_id=document_id,
        title=title,
        sections=kept,
        source=source,
        licence=_licence(child(root, "metadata", "license")),
        terms=_terms(root, title),
    )


def _sections(element: Element, path: tuple[str, ...]) -> list[tuple[str, list[str]]]:
    """(section path, lines): what an element says itself, then its sections in order."""
    own: list[str] = []
    below: list[tuple[str, list[str]]] = []
    for one in element:
        name = local(one)
        if name == "section":
            if one.get("class") not in _LEFT_OUT:
                below += _sections(one, (*path, inline(child(one, "title"))))
        elif not (name == "title" and path):
            own += _lines(one)
    return [(heading_path(*path), own), *below]


def _lines(element: Element) -> list[str]:
    name = local(element)
    if name == "row":
        cells = [" ".join(_texts(entry)) for entry in children(element, "entry")]
        return [line] if (line := " | ".join(cell for cell in cells if cell)) else []
    if name in _CONTAINERS:
        return [line for one in element for line in _lines(one)]
    return _texts(element) if name in _BLOCKS else []


def _texts(element: Element) -> list[str]:
    """The element's own text, then that of the lists in it."""
    own = inline(element, skip=lambda one: local(one) in {"list", "newline"} or local(one) in _CONTAINERS)
    nested = [line for one in element if local(one) in _CONTAINERS for line in _lines(one)]
    return [line for line in [own, *nested] if line]


def _glossary(element: Element | None) -> list[tuple[str, list[str]]]:
    pairs = [(inline(child(one, "term")), inline(child(one, "meaning"))) for one in children(element, "definition")]
    lines = [f"{term}: {meaning}" for term, meaning in pairs if meaning]
    return [("Glossary", lines)] if lines else []


def _terms(root: Element, title: str) -> tuple[tuple[str, ...], ...]:
    """Title and glossary: terms of the running text are often whole phrases."""
    defined = [inline(child(one, "term")) for one in children(child(root, "glossary"), "definition")]
    return tuple((name,) for name in dict.fromkeys([title, *defined]) if 0 < len(name.split()) <= 6)


def _licence(element: Element | None) -> str:
    url = "" if element is None else element.get("url", "")
    return next((name for part, name in _LICENCES.items() if part in url), url)
