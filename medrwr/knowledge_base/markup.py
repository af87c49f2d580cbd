"""XML within bounds: no entities, no network, no DTD, no bombs; and the text of mixed content.

lxml with entities off. libxml2's own limits hold (depth 256, 10 MB a text); the number of elements is bounded here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from medrwr.errors import DocumentError
from medrwr.knowledge_base.content import Content, Stream

Element = Any  # lxml.etree._Element: lxml has no types of its own

_MOST_ELEMENTS = 2_000_000
_LIMITS = {
    "resolve_entities": False,
    "no_network": True,
    "load_dtd": False,
    "huge_tree": False,
    "remove_comments": True,
    "remove_pis": True,
}


def parse_xml(text: str, document_id: str) -> Element:
    """The root of a well-formed document.

    Raises:
        DocumentError: broken, truncated, with entities of its own, or of absurd size.
    """
    from lxml import etree

    if "<!ENTITY" in text:
        raise DocumentError(f"document {document_id!r} declares XML entities, which are refused: write out their text")
    if text.count("<") > _MOST_ELEMENTS:
        raise DocumentError(f"document {document_id!r} has more than {_MOST_ELEMENTS} XML tags: split it")
    parser = etree.XMLParser(**_LIMITS)
    try:
        # As UTF-8 with its declaration cut off: the text is decoded already.
        root: Element | None = etree.fromstring(without_declaration(text).encode("utf-8"), parser)
    except etree.XMLSyntaxError as error:
        cut = "premature end" in error.msg.lower() or not text.rstrip().endswith(">")
        broken = "truncated" if cut else "not well-formed"
        raise DocumentError(f"document {document_id!r} is {broken} XML: {error.msg}") from None
    if root is None:
        raise DocumentError(f"document {document_id!r} is truncated XML: no root element")
    return root


def records(content: Content, tags: tuple[str, ...]) -> Iterator[Element]:
    """The elements called one of `tags`, one after the other, each forgotten once the next is asked for.

    Raises:
        DocumentError: where the file breaks off; what came before was given already.
    """
    from lxml import etree

    with content.stream() as stream:
        guarded = _Guarded(stream.bounded(), content.document_id)
        try:
            for _, element in etree.iterparse(guarded, events=("end",), tag=tags, **_LIMITS):
                yield element
                stream.record_done()
                element.clear()
                while element.getprevious() is not None:
                    del element.getparent()[0]
        except etree.XMLSyntaxError as error:
            raise DocumentError(f"document {content.document_id!r} is broken or truncated XML: {error.msg}") from None


class _Guarded:
    """A stream of UTF-8 XML that refuses entities before the parser sees them."""

    def __init__(self, stream: Stream, document_id: str) -> None:
        self._stream = stream
        self._document_id = document_id
        self._tail = b""

    def read(self, size: int = -1) -> bytes:
        block = self._stream.read(min(size, 2**16) if size > 0 else 2**16)
        seen = self._tail + block
        if b"<!ENTITY" in seen:
            raise DocumentError(f"document {self._document_id!r} declares XML entities, which are refused")
        if b"\x00" in block:
            raise DocumentError(f"document {self._document_id!r} is not UTF-8: save it again as UTF-8")
        self._tail = seen[-8:]
        return block


def local(element: Element) -> str:
    """The tag without its name space; empty for what is no element."""
    tag = element.tag
    return tag.rsplit("}", 1)[-1] if isinstance(tag, str) else ""


def child(element: Element, *path: str) -> Element | None:
    """The first descendant along a path of local names."""
    found: Element | None = element
    for name in path:
        found = next((one for one in found if local(one) == name), None) if found is not None else None
    return found


def children(element: Element | None, name: str) -> list[Element]:
    """The children with this local name; none of none."""
    return [] if element is None else [one for one in element if local(one) == name]


def inline(element: Element | None, skip: Callable[[Element], bool] = lambda _: False) -> str:
    """All text below an element on one line, without what `skip` says."""
    return "" if element is None else " ".join("".join(_pieces(element, skip)).split())


def _pieces(element: Element, skip: Callable[[Element], bool]) -> Iterator[str]:
    """Depth is bounded by the parser."""
    yield element.text or ""
    for one in element:
        if local(one) and not skip(one):
            yield from _pieces(one, skip)
        yield one.tail or ""


def without_declaration(text: str) -> str:
    """The text after its `<?xml .. ?>`: what that says of the encoding holds no longer."""
    text = text.lstrip("\ufeff \t\r\n")
    return text.split("?>", 1)[-1] if text.startswith("<?xml") else text
