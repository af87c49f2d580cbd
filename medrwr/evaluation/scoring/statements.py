"""Sentences that say which option is the answer, in the languages of our benchmarks and some more."""

from __future__ import annotations

import re
from collections.abc import Sequence

from medrwr.types import LETTERS

_KINDS = "final|correct|best|right|most likely|most appropriate|overall|my"
_ENGLISH = (
    rf"\b(?P<final>final\s+)?(?:(?:{_KINDS})\s+)*(?:answer|option|choice)(?:[ _-](?:choice|option|letter))?"
    r"(?:\s+to\s+(?:the|this)\s+question|\s+here)?[\"'*_`\s)]*"
    r"(?:is\b(?!n't)|would\s+be\b|must\s+be\b|should\s+be\b|[:=]|(?=\([A-J]\)))"
)
_CUES = (
    _ENGLISH,
    r"\bI\s+(?:would\s+)?(?:choose|select|pick)\b",
    r"(?:正确)?答案(?:应该)?(?:是|为|选|:)",
    r"(?:答え|正解)(?:は|:)",
    r"(?:정답|답)(?:은|:)",
    r"respuesta(?:\s+(?:correcta|final))?\s*(?:es\b|:)",
    r"réponse(?:\s+(?:correcte|finale))?\s*(?:est\b|:)",
    r"antwort\s*(?:ist\b|lautet\b|:)",
    r"risposta(?:\s+corretta)?\s*(?:è|:)",
    r"resposta(?:\s+correta)?\s*(?:é|:)",
    r"(?:правильный\s+)?ответ\s*(?:-|—|:)",
)
_CUE = re.compile("|".join(f"(?:{cue})" for cue in _CUES), re.IGNORECASE)
_SAID = re.compile(
    r"[\s*_`\"'#:=({\[]*(?:(?:option|choice|letter|answer)\s+)?(?P<open>[\s*_`\"'({\[]*)(?P<letter>[A-Ja-j])(?![A-Za-z0-9_'])"
    r"(?P<rest>[^\n]*)"
)
_ALTERNATIVE = re.compile(
    r"[\s*_`\"')\]}]*(?:,|/|&|\+|or\b|and\b|oder\b|und\b|ou\b|et\b|o\b|y\b|或|和)\s*(?:or\s+|and\s+)?[\s*_`\"'({\[]*[A-J](?!\w|')"
)
_GOES_ON = re.compile(
    r"[\s*_`\"']*(?:$|[.,;:!)\]}>|\"。，；：）】]|(?<=\s)[-–—]|[-–—]\s|\(|because\b|since\b|as\b|based\b|given\b|due\b|for\b|which\b|instead\b|"
    r"rather\b|not\b|porque\b|car\b|parce\b|weil\b|です|だ|입니다)"
)
_LOWER = re.compile(r"[\s*_`\"']*[.)\]:]\s+[a-z]")  # "C. difficile"
_NAMED = re.compile(
    r"(?:^|[.!;:\n]\s*|\b(?:so|therefore|thus|hence),?\s+)(?:option\s+|choice\s+|answer\s+)?\(?(?P<letter>[A-J])\)?\s+is\s+"
    r"(?:the\s+)?(?:correct|right|best|most\s+likely|most\s+appropriate)(?:\s+(?:answer|option|choice))?(?=\s*(?:$|[.,;!\n]))",
    re.IGNORECASE,
)
_DENIED = re.compile(
    r"(?:\bnot\b|n't\b|\bnever\b|\bneither\b|\bdoubt\b|\bif\b|\bwhether\b|\bsuppose\b|\bassum\w+|\bunless\b|\bhad\b|不|"
    r"\bwould\s+have\b|\bthought\b|\bmight\b|\bmaybe\b|\bperhaps\b|\bincorrect\b|\bwrong\b)[^.!?\n]*$",
    re.IGNORECASE,
)


def statements(text: str, options: Sequence[str]) -> tuple[list[str | None], list[str | None]]:
    """Letters that are called the final answer, and those that are called the answer; None for one that is unclear.

    Args:
        text: in NFKC.
        options: a letter with another option's text behind it is unclear, as is one of several or beyond them.
    """
    final: list[str | None] = []
    other: list[str | None] = []
    for cue in _CUE.finditer(text):
        said = _SAID.match(text, cue.end())
        if said is None or _DENIED.search(text[: cue.start()]) or _asks(text, cue.start(), said):
            continue
        if said["letter"] in "ai" and not said["open"].strip():
            continue  # "the answer is a drug"
        if _says_more(said["rest"]) and not any(_begins(_folded(said["rest"]), _folded(option)) for option in options):
            continue  # "the answer is B-type natriuretic peptide"
        (final if cue["final"] else other).append(_read(said, options))
    named = [match["letter"].upper() for match in _NAMED.finditer(text)]
    other += [letter if letter in LETTERS[: len(options)] else None for letter in named]
    return final, other


def _read(said: re.Match[str], options: Sequence[str]) -> str | None:
    letter, rest = said["letter"].upper(), said["rest"]
    if letter not in LETTERS[: len(options)] or _ALTERNATIVE.match(rest):
        return None
    stated = _folded(rest)
    others = [_folded(option) for place, option in enumerate(options) if LETTERS[place] != letter]
    own = _folded(options[LETTERS.index(letter)])
    if any(_begins(stated, option) for option in others if not (_begins(stated, own) and len(own) >= len(option))):
        return None
    return letter


def _says_more(rest: str) -> bool:
    """The letter is part of a longer expression."""
    return _LOWER.match(rest) is not None or _GOES_ON.match(rest) is None


def _asks(text: str, start: int, said: re.Match[str]) -> bool:
    """The sentence is a question."""
    sentence = re.split(r"(?<=[.!?。？])\s|\n", text[:start])[-1] + text[start : said.end("letter")] + said["rest"]
    return "?" in re.split(r"(?<=[.!])\s", sentence)[0]


def _folded(text: str) -> str:
    return " ".join(text.casefold().strip(" \t*_`\"'.,;:()[]{}-–—").split())


def _begins(text: str, option: str) -> bool:
    return bool(option) and re.match(rf"{re.escape(option)}(?!\w)", text) is not None
