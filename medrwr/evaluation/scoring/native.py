"""The known harnesses' own ways of reading an answer, for figures that are to stand beside theirs (M28).

They read what stands in the answer block, or the whole completion where there is none, and are kept as they are, quirks
included: MIRAGE reads "A" and MMMU any option where nothing is found. Such a letter is `guessed`, and counted. MMMU's
draw is by the completion's hash here, so that a score can be repeated.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from medrwr.evaluation.scoring.vqa import fold
from medrwr.rollout.tags import ANSWER, closing, opening
from medrwr.types import LETTERS


@dataclass(frozen=True, slots=True)
class Reading:
    """A letter, or None; `guessed` where the harness puts one in because it found none."""

    letter: str | None
    guessed: bool = False


_MIRAGE = (
    r"^\s*({0})$",
    r"^\s*({0}) or",
    r"^\s*({0}) and",
    r"^\s*({0})/",
    r"^\s*({0}),",
    r"[Oo]ption ({0})",
    r":\s*({0})",
    r"^\s*({0})\.",
    r'^\s*({0})"',
    r"^\s*({0}):",
)
_AFTER = re.compile(r"(?:therefore, )?(?:among [A-J] through [A-J], )?the answer is", re.IGNORECASE)


def read_mirage(completion: str, options: Sequence[str]) -> Reading:
    """MIRAGE (arXiv:2402.13178), `locate_answer`: patterns in turn over what follows '"answer_choice": "'; else A."""
    written = _written(completion).rsplit('"answer_choice": "', maxsplit=1)[-1].strip()
    letters = "|".join(LETTERS[: len(options)])
    for pattern in _MIRAGE:
        if found := re.search(pattern.format(letters), written):
            return Reading(found[1])
    return Reading("A", guessed=True)


def read_medxpertqa(completion: str, options: Sequence[str]) -> Reading:
    """MedXpertQA (arXiv:2501.18362): the first capital among the options' letters after the last "the answer is".

    Its harness builds on the answer cleansing of zero-shot chain of thought (Kojima et al. 2022, arXiv:2205.11916),
    which this follows; the harness's own file was not to be had, so equality with it is not verified.
    """
    written = _AFTER.split(_written(completion).strip())[-1]
    found = re.search("|".join(LETTERS[: len(options)]), written)
    return Reading(found[0] if found else None)


def read_mmmu(completion: str, options: Sequence[str]) -> Reading:
    """MMMU (arXiv:2311.16502): the last "(B)", else the last " B ", else the last option's text; else any option."""
    written = _written(completion)
    for mark in ",.!?;:'":
        written = written.strip(mark)
    written = f" {written} "
    letters = LETTERS[: len(options)]
    places = {letter: written.rfind(f"({letter})") for letter in letters}
    if max(places.values()) < 0:
        places = {letter: written.rfind(f" {letter} ") for letter in letters}
    if max(places.values()) < 0 and len(written.split()) > 5:
        places = {letter: written.lower().rfind(text.lower()) for letter, text in zip(letters, options, strict=True)}
    best = max(places, key=places.__getitem__)
    if places[best] >= 0:
        return Reading(best)
    drawn = int.from_bytes(hashlib.sha256(completion.encode()).digest()[:8]) % len(letters)
    return Reading(letters[drawn], guessed=True)


def read_vqa(completion: str, options: Sequence[str]) -> Reading:
    """VQA (arXiv:1505.00468): the option whose folded text is what was written, a letter before it allowed."""
    written = re.sub(r"^\s*\(?[A-J][).:]\s+", "", _written(completion))
    fitting = [letter for letter, text in zip(LETTERS, options, strict=False) if fold(text) == fold(written)]
    return Reading(fitting[0] if len(fitting) == 1 else None)


def _written(completion: str) -> str:
    """The last answer block's content; without one the whole completion."""
    blocks = re.findall(rf"{opening(ANSWER)}(.*?){closing(ANSWER)}", completion, re.DOTALL)
    return str(blocks[-1]) if blocks else completion
