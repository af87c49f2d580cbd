"""HTML pages: headings make the section path; scripts, styles, forms and navigation are left out."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from medrwr.errors import DocumentError
from medrwr.knowledge_base.markup import Element, local, without_declaration
from medrwr.knowledge_base.reading import check_sections, clean, heading_path
from medrwr.types import Document, Section

_START = re.compile(
    r"\s*(?:<\?xml[^>]{0,200}>\s*)?(?:<!--.{0,2000}?-->\s*)?<(?:!doctype\s+html|html)\b", re.IGNORECASE | re.DOTALL
)
_MOST_TAGS = 1_000_000
_SKIPPED = {
    "script",
    "style",
    "noscript",
    "template",
    "nav",
    "form",
    "svg",
    "iframe",
    "object",
    "button",
    "select",
    "head",
}
_EDGES = {"header", "footer", "aside"}  # of the page; within an article they belong to it
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_TEXT_BLOCKS = ("p", "div", "section", "article", "main", "pre", "br", "hr", "address", "details", "summary", "figure")
_LIST_BLOCKS = ("li", "ul", "ol", "dl", "dt", "dd", "table", "tr", "thead", "tbody", "caption", "figcaption")
_BLOCKS = frozenset((*_TEXT_BLOCKS, *_LIST_BLOCKS, "blockquote", *_EDGES))
_CELLS = {"td", "th"}


def matches(name: str, head: str) -> bool:
    """By content, or by name."""
    return bool(_START.match(head)) or (name.endswith((".html", ".htm", ".xhtml")) and "<" in head)


def read(text: str, *, document_id: str, source: str) -> Document:
    """Parse one page, as forgivingly as a browser.

    Raises:
        DocumentError: no text, or of absurd size.
    """
    check_sections(text.lower().count("</h"), document_id)
    root = _parse(text, document_id)
    page = _Page()
    _walk(root, page)
    page.flush()
    title = clean(root.findtext(".//title") or "") or page.title or document_id.rsplit("/", 1)[-1]
    sections = tuple(Section(heading, "\n".join(lines)) for heading, lines in page.sections if lines)
    if not sections:
        raise DocumentError(f"document {document_id!r} is a page without text: leave it out")
    return Document(
        document_id=document_id,
        title=title,
        sections=sections,
        source=source,
        licence=_linked(root, "license"),
        url=_linked(root, "canonical"),
        terms=((title,),) if len(title.split()) <= 6 else (),
        date=_date(root),
    )


@dataclass(slots=True)
class _Page:
    """What was read so far; `buffer` holds the text of the block at hand."""

    title: str = ""
    path: dict[int, str] = field(default_factory=dict)
    sections: list[tuple[str, list[str]]] = field(default_factory=lambda: [("", [])])
    buffer: list[str] = field(default_factory=list)

    def flush(self) -> None:
        line = clean("".join(self.buffer)).strip("| ")
        self.buffer.clear()
        if line:
            self.sections[-1][1].append(line)

    def heading(self, level: int, text: str) -> None:
        self.path = {outer: name for outer, name in self.path.items() if outer < level}
        if level == 1 and not self.title:
            self.title = text
        else:
            self.path[level] = text
        self.sections.append((heading_path(*self.path.values()), []))


def _walk(root: Element, page: _Page) -> None:
    from lxml import etree

    walker = etree.iterwalk(root, events=("start", "end"))
    for event, element in walker:
        name = local(element)
        if event == "end":
            if name in _BLOCKS:
                page.flush()
            elif name in _CELLS:
                page.buffer.append(" | ")
            page.buffer.append(element.tail or "")
        elif name in _HEADINGS:
            page.flush()
            page.heading(_HEADINGS[name], clean("".join(element.itertext())))
            walker.skip_subtree()
        elif not name or name in _SKIPPED or (name in _EDGES and _is_body(element.getparent())):
            walker.skip_subtree()
        else:
            if name in _BLOCKS:
                page.flush()
            page.buffer.append(element.text or "")


def _parse(text: str, document_id: str) -> Element:
    from lxml import etree

    if text.count("<") > _MOST_TAGS:
        raise DocumentError(f"document {document_id!r} has more than {_MOST_TAGS} tags: split it")
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, huge_tree=False, remove_comments=True, remove_pis=True)
    try:
        root: Element | None = etree.fromstring(without_declaration(text).encode("utf-8"), parser)
    except etree.XMLSyntaxError as error:
        raise DocumentError(f"document {document_id!r} is not HTML: {error.msg}") from None
    if root is None:
        raise DocumentError(f"document {document_id!r} is a page without text: leave it out")
    return root


def _is_body(element: Element | None) -> bool:
    return element is not None and local(element) == "body"


def _linked(root: Element, relation: str) -> str:
    found = root.xpath(".//*[self::link or self::a][@rel=$relation]/@href", relation=relation)
    return clean(str(found[0])) if found else ""


def _date(root: Element) -> str:
    names = {"date", "dc.date", "dcterms.date", "dcterms.modified", "article:published_time", "last-modified"}
    for meta in root.iter("meta"):
        name = (meta.get("name") or meta.get("property") or "").lower()
        found = re.match(r"\d{4}(?:-\d{2}(?:-\d{2})?)?", meta.get("content") or "")
        if name in names and found:
            return found[0]
    return ""
