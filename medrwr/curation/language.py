"""Which language a text is in, as far as a rule needs it: its script, and for Latin script its small words."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

_SMALL_WORDS = {
    "English": "the of and in is with to which a for on are was by what shows there this that",
    "German": "der die das und ist mit von ein eine den im zu nicht welche auf zeigt bei des dem",
    "French": "le la les des et est une un dans avec du quel quelle pour sur montre au cette",
    "Spanish": "el la los las de y es una un en con del que cual muestra para por se al",
    "Italian": "il la di e che un una con del della nel quale mostra per sono si al",
    "Portuguese": "o a os as de e que um uma com do da no na qual mostra para por",
    "Dutch": "de het een en van is met in op dat welke toont bij niet voor te",
}
_SETS = {name: frozenset(text.split()) for name, text in _SMALL_WORDS.items()}
_KANA = frozenset({"HIRAGANA", "KATAKANA"})
_LEAST_WORDS = 2  # small words, and more of them than of the next language
_WORD = re.compile(r"[^\W\d_]+")


def language_of(text: str) -> str:
    """The language of Latin, Chinese and Japanese text, else its script ('CYRILLIC'); '' where it cannot be told.

    Example:
        >>> language_of("Which is the most likely diagnosis of the patient?")
        'English'
    """
    scripts = Counter(_script(character) for character in text if character.isalpha())
    if not scripts:
        return ""
    script = scripts.most_common(1)[0][0]
    if script in _KANA or script == "CJK":
        return "Japanese" if set(scripts) & _KANA else "Chinese"
    return _of_latin(text) if script == "LATIN" else script


def _of_latin(text: str) -> str:
    found = Counter(_WORD.findall(text.casefold()))
    hits = {name: sum(found[word] for word in small) for name, small in _SETS.items()}
    (best, most), (_, next_most) = Counter(hits).most_common(2)
    return best if most >= _LEAST_WORDS and most > next_most else ""


def _script(character: str) -> str:
    return unicodedata.name(character, "UNKNOWN").split()[0]
