"""Answers in words, compared as the VQA evaluation does (Antol et al. 2015, arXiv:1505.00468): folded, then equal.

Folded: lower case, punctuation out, number words as digits, articles out. Beside exact matches the share of the right
answer's words that were written (recall), as LLaVA-Med reports for open questions (arXiv:2306.00890).
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

_NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_DIGITS = {word: str(number) for number, word in enumerate(_NUMBERS)} | {"none": "0"}
_ARTICLES = {"a", "an", "the"}
_APART = re.compile(r"[^\w\s.,'%]|_")


def fold(text: str) -> str:
    """The text as it is compared."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    plain = re.sub(r"(?<=\d),(?=\d)", "", plain)  # 1,000
    plain = _APART.sub(" ", plain)
    plain = re.sub(r"(?<!\d)[.,](?!\d)|[.,](?!\d)|'", " ", plain)
    return " ".join(_DIGITS.get(word, word) for word in plain.split() if word not in _ARTICLES)


def exact(written: str, answers: Sequence[str]) -> bool:
    """Whether what was written is one of the accepted answers; nothing written is none."""
    folded = fold(written)
    return bool(folded) and folded in {fold(answer) for answer in answers}


def recall(written: str, answers: Sequence[str]) -> float:
    """Largest share of an accepted answer's words that were written, in [0, 1]."""
    have = Counter(fold(written).split())
    return max((_share(Counter(fold(answer).split()), have) for answer in answers), default=0.0)


def _share(wanted: Counter[str], have: Counter[str]) -> float:
    total = wanted.total()
    return (wanted & have).total() / total if total else 0.0
