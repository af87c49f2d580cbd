"""Words as the rules compare them: lower case, without the small ones, plural and singular alike."""

from __future__ import annotations

import re
from collections.abc import Iterable

_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=\S)")
_SMALL_TEXT = (
    "a an and are as at be by for from had has have in is it its of on or that the there these this to was were which "
    "with what who no not most likely following best image shown show shows seen finding findings patient"
)
_SMALL = frozenset(_SMALL_TEXT.split())


def words(text: str) -> list[str]:
    """Every word in order, in its compared form.

    Example:
        >>> words("Two granular rings.")
        ['two', 'granular', 'ring']
    """
    return [_singular(word) for word in _WORD.findall(text.casefold())]


def content_words(text: str) -> list[str]:
    """The words that say something, in order."""
    return [word for word in words(text) if word not in _SMALL and len(word) > 1]


def sentences(text: str) -> list[str]:
    """Split after a full stop, a question or an exclamation mark that a blank follows."""
    return [part.strip() for part in _SENTENCE.split(" ".join(text.split())) if part.strip()]


def share_of(part: Iterable[str], whole: Iterable[str]) -> float:
    """Which share of the distinct words of `part` is among those of `whole`; 0 for none."""
    distinct, known = set(part), set(whole)
    return len(distinct & known) / len(distinct) if distinct else 0.0


def _singular(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")) else word
