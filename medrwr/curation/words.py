"""Words as the rules compare them: lower case, plural and singular alike, without small and examiners' words."""

from __future__ import annotations

import re
from collections.abc import Iterable

_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=\S)")
_ARTICLES = ("a", "an", "the")
_PLURALS = (
    ("ies", "y", 5),
    ("sses", "ss", 6),
    ("xes", "x", 5),
    ("oses", "osis", 8),
    ("uses", "us", 7),
)  # from a length on
_SMALL_WORDS = """
a about above after again all also although an and any are as at be became because been before being below between both
but by can could did do does doing during each either for from further had has have having he her here hers him his how
if in into is it its just may might more most must my no nor not of off on once only or other our out over own same she
should since so some such than that the their them then there these they this those though through thus to too under
until up upon very was we were what when where whether which while who whom whose why will with within without would
you your
"""
_EXAMINER_WORDS = """
abnormality alone answer appear appearance asked assessment based best case cause caused choose clinical compatible
conclude concluded conclusion condition considered consistent correct correspond describe described diagnose diagnosed
diagnosis diagnostic disease disorder displayed evidence expected explain explained explanation feature final finding
first following given identify illustrated image impression indicate indicated interpretation interpreted lead likely
means medical named observation observed option pathology patient pattern point presence present presented probable
process question reading report reported represent represented result reveal revealed seen select show shown sign
single statement suggest suggested suggestive support supported therefore underlying
"""


def words(text: str) -> list[str]:
    """Every word in order, in its compared form.

    Example:
        >>> words("Two granular rings.")
        ['two', 'granular', 'ring']
    """
    return [_singular(word) for word in _WORD.findall(text.casefold())]


def said_words(text: str) -> list[str]:
    """What an option says, whatever its hyphens and articles: its words' parts in alphabetical order.

    Example:
        >>> said_words("The renal-cell carcinomas") == said_words("a renal cell carcinoma")
        True
    """
    parts = [part for word in words(text) for part in word.split("-")]
    return sorted([part for part in parts if part not in _ARTICLES] or parts)


def content_words(text: str) -> list[str]:
    """The words that say something about a case, in order."""
    return [word for word in words(text) if word not in _SMALL and len(word) > 1]


def sentences(text: str) -> list[str]:
    """Split after a full stop, a question or an exclamation mark that a blank follows."""
    return [part.strip() for part in _SENTENCE.split(" ".join(text.split())) if part.strip()]


def share_of(part: Iterable[str], whole: Iterable[str]) -> float:
    """Which share of the distinct words of `part` is among those of `whole`; 0 for none."""
    distinct, known = set(part), set(whole)
    return len(distinct & known) / len(distinct) if distinct else 0.0


def _singular(word: str) -> str:
    for plural, singular, shortest in _PLURALS:
        if word.endswith(plural) and len(word) >= shortest:
            return word[: -len(plural)] + singular
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


_SMALL = frozenset(words(f"{_SMALL_WORDS} {_EXAMINER_WORDS}"))
