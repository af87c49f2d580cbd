"""What a book's question carries beside its words: references, notes, footnotes, emphasis, links (Appendix B)."""

from __future__ import annotations

import re

_AUTHORS = r"[A-Z][\w'-]+(?:\s+(?:and|&)\s+[A-Z][\w'-]+|\s+et\s+al\.?)?,?\s+(?:19|20)\d\d[a-z]?"
_KINDS = "refs?|references?|chapter|chap|page|pp?|section|table|box|video"
_REFERENCES = tuple(
    re.compile(pattern, re.IGNORECASE if folded else 0)
    for pattern, folded in (
        (r"<sup>[^<]*</sup>", True),
        (r"\s*\[\^[^\]]+\]", False),
        (r"\s*\[\d+(?:\s*[,\-\u2013]\s*\d+)*\](?!\()", False),
        (rf"\s*[(\[]\s*(?:see\s+)?(?:also\s+)?(?:{_KINDS})\b\.?\s*\d[^()\[\]]*[)\]]", True),
        (r"\s*\(\s*(?:see\s+)?(?:fig(?:ure)?s?)\.?\s*[\w.\-]+(?:\s*(?:,|and)\s*[\w.\-]+)*\s*\)", True),
        (rf"\s*\({_AUTHORS}(?:;\s*{_AUTHORS})*\)", False),
    )
)
_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\([^)]*\)")
_EMPHASIS = re.compile(r"(\*\*|__|\*)(?=\S)(.+?)(?<=\S)\1")


def without_references(text: str) -> str:
    """The text in one line without references, emphasis and link targets.

    Example:
        >>> without_references("The **E/A ratio** rises [3,4] (see Figure 2-1) early (Nagueh et al., 2016).")
        'The E/A ratio rises early.'
    """
    for reference in _REFERENCES:
        text = reference.sub("", text)
    text = _EMPHASIS.sub(r"\2", _LINK.sub(r"\1", text))
    return re.sub(r"\s+([.,;:?!])", r"\1", " ".join(text.split()))
