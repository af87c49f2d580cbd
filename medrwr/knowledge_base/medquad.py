"""MedQuAD's XML (Ben Abacha & Demner-Fushman, BMC Bioinformatics 2019): one focus, question-answer pairs.

Each answered pair becomes a section headed by its question. Pairs whose answer is empty (the publisher withdrew
the text) are left out; a document in which all are empty is unusable.
"""

from __future__ import annotations

import re

from medrwr.errors import DocumentError
from medrwr.knowledge_base.markup import Element, parse_xml
from medrwr.types import Document, Section

_LICENCE = "CC BY 4.0"
_ROOT = re.compile(r"<(?:Document|DiseaseFile)\b[^>]{0,300}\bf?id=")  # one of the 5,162 is a DiseaseFile


def matches(_name: str, head: str) -> bool:
    """By content: its root with an id, whatever the file is called."""
    return bool(_ROOT.search(head))


def read(text: str, *, document_id: str, source: str) -> Document:
    """Parse one document; entities and external references are refused.

    Raises:
        DocumentError: broken or truncated XML, no focus, or no answered question.
    """
    root = parse_xml(text, document_id)
    focus = _text(root.find("Focus"))
    if not focus:
        raise DocumentError(f"document {document_id!r} has no <Focus>: every MedQuAD document names its topic")
    pairs = [(_text(pair.find("Question")), _lines(pair.findtext("Answer") or "")) for pair in root.iter("QAPair")]
    answered = [Section(question, answer) for question, answer in pairs if answer]
    if not answered:
        raise DocumentError(f"document {document_id!r} has no answer: {len(pairs)} questions, all without text")
    synonyms = [_text(synonym) for synonym in root.iter("Synonym")]
    names = dict.fromkeys(name for name in [focus, *synonyms] if name)
    return Document(
        document_id=document_id,
        title=focus,
        sections=tuple(answered),
        source=source,
        licence=_LICENCE,
        url=root.get("url", ""),
        terms=(tuple(names),),
    )


def _text(element: Element | None) -> str:
    return " ".join((element.text or "").split()) if element is not None else ""


def _lines(answer: str) -> str:
    """White space normalised; line breaks and the ` - ` of lists, which end a sentence, become line breaks."""
    answer = re.sub(r"[^\S\n]{3,}", "  ", answer)
    pieces = re.split(r"\s*\n\s*|\s{2,}-\s+|(?<=[.:;])\s+-\s+", answer)
    return "\n".join(" ".join(piece.lstrip("- ").split()) for piece in pieces if piece.strip(" -\t"))
