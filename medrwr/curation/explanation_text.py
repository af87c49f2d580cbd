"""What examination explanations carry beside medicine: answer letters, citations, artefacts of scanning (M9)."""

from __future__ import annotations

import re

from medrwr.curation.words import content_words

_ANSWER = re.compile(
    r"\b(?:ans(?:wer)?(?:\s+is)?|option|choice)\b[\s.:\-('\"]*"
    r"(?:[a-e1-5]\b[\s.,:\-)'\"]*|(?=[\s.:\-]*$))+",
    re.IGNORECASE,
)
_BRACKETED_REFERENCE = re.compile(r"[(\[]\s*(?:refs?\b|https?\s*:|www\.)[^()\[\]]*(?:[)\]]|$)", re.IGNORECASE)
_REFERENCE = re.compile(
    r"(?:\brefs?(?:erences?)?\s*[:.\-][^.;\n]*|https?\s*:\s*//\S+|\b\w+\s+\d{1,2}(?:st|nd|rd|th|/e|ie)\b[^.;\n]*"
    r"(?:\bp(?:age|g|p)?\.?\s*\d[\d\-,\s]*)?|\bp(?:age|g)\.?\s*(?:no\.?\s*)?[:\-]?\s*\d[\d\-,\s]*|\[\d+(?:[,\-]\s*\d+)*\])",
    re.IGNORECASE,
)
_GLUED = re.compile(r"(?<=[a-z0-9)]{2})\.(?=[A-Z][a-z])|(?<=[a-z)])(?=[A-Z][a-z]+\s)(?<!Mc)")
_BULLET = re.compile(r"(?:^|(?<=[.\n]))\s*[*•●▪\-]+\s*")
_INVISIBLE = re.compile("[\u200b-\u200f\u2060\ufeff\u00ad]")
_NOISE = re.compile(r"[|\\^~_{}<>]{1,}|\.{3,}")
_SPLIT = re.compile(r"(?<=[.!?])\s+|\n+|(?<=\S)\s+[*•●▪]\s*")
LEAST_WORDS = 3


def clean(explanation: str) -> str:
    """The explanation without answer letters, citations and bullet marks; glued sentences apart."""
    text = _BULLET.sub(" ", _BRACKETED_REFERENCE.sub(". ", _INVISIBLE.sub("", explanation)))
    text = _ANSWER.sub(" ", _REFERENCE.sub(" ", _GLUED.sub(". ", text)))
    return re.sub(r"[ \t]+", " ", text)


def clean_sentences(explanation: str) -> list[str]:
    """Its sentences, each ended by a mark, in order and each once."""
    found = (part.strip(" \t,;:-.'\"()") for part in _SPLIT.split(clean(explanation)))
    return list(dict.fromkeys(f"{part}." for part in found if part))


def why_unfit(sentence: str, explanation: str) -> str:
    """A reason not to keep a sentence as knowledge; '' for a good one. The reason's first word is its kind."""
    words = content_words(sentence)
    if len(words) < LEAST_WORDS:
        return f"short: fewer than {LEAST_WORDS} telling words"
    if _ANSWER.search(sentence):
        return "letter: it names an answer"
    if _REFERENCE.search(sentence) or _BRACKETED_REFERENCE.search(sentence):
        return "citation: it cites a page, an edition or an address"
    if _NOISE.search(sentence):
        return "artefact: characters that no prose has"
    known = set(content_words(explanation)) | set(content_words(clean(explanation)))
    foreign = [word for word in words if word not in known]
    return f"invented: {', '.join(foreign[:3])} is not in the explanation" if foreign else ""
