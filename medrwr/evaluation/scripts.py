"""The writing system of a text, so that questions in several languages are not averaged unseen."""

from __future__ import annotations

import unicodedata
from collections import Counter

NONE = "none"
_HAN = ("Cjk", "Hiragana", "Katakana", "Bopomofo")


def script_of(text: str) -> str:
    """The script of most of its letters: "Latin", "Cyrillic", "Arabic", "Han" (Japanese kana too), "none"."""
    if text.isascii():
        return "Latin" if any(character.isalpha() for character in text) else NONE
    counted = Counter(_of_letter(character) for character in text if character.isalpha())
    return counted.most_common(1)[0][0] if counted else NONE


def _of_letter(character: str) -> str:
    word = unicodedata.name(character, "unknown").split(" ", maxsplit=1)[0].split("-", maxsplit=1)[0].capitalize()
    return "Han" if word in _HAN else word
