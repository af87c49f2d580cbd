"""The one answer parser: rewards, evaluation, calibration and serving all read an answer here (M16).

Read: `B`, `B. text`, `B) text`, `(B) text`, `B: text`, `B - text`, each also in bold, in quotes, in lower case, or over
several lines; `B text` only where the text is option B's. Not read, and so wrong: another option's text behind the
letter, several letters or options, a text without a letter ("A subdural hematoma" is no letter A).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from medrwr.rollout.neutral import neutralise
from medrwr.types import LETTERS, Answer

_LETTERED = re.compile(
    r"[\s*_`\"']*[(\[]?[*_`]*(?P<letter>[A-Ja-j])[*_`]*"
    r"(?P<mark>\s*[)\]][*_`]*[.:]?|[.:]|\s+[-–—](?=\s)|(?!\w))(?P<rest>.*)",
    re.DOTALL,
)
_DECORATION = " \t\n*_`\"'.,;:"


def parse_answer(text: str, options: Sequence[str]) -> Answer:
    """Read the content of an answer block; `letter` is None where it names no option, or more than one.

    Args:
        text: what stands between `<answer>` and `</answer>`.
        options: the question's options; letter and text must agree.
    """
    match = _LETTERED.fullmatch(unicodedata.normalize("NFKC", text))
    if match is None:
        return Answer(None, text.strip(), text)
    letter = match["letter"].upper()
    stated = _comparable(match["rest"])
    if letter not in LETTERS[: len(options)] or (stated and stated != _comparable(options[LETTERS.index(letter)])):
        return Answer(None, text.strip(), text)
    if not match["mark"] and stated and _comparable(text) in map(_comparable, options):
        return Answer(None, text.strip(), text)  # "A fever" is the text of an option: the "A" may be its article
    return Answer(letter, options[LETTERS.index(letter)], text)


def render_answer(index: int, options: Sequence[str]) -> str:
    """'B. kemopril': what `parse_answer` reads back as option `index`."""
    return f"{LETTERS[index]}. {neutralise(options[index])}"


def _comparable(text: str) -> str:
    """Folded for comparison: compatibility forms, case, white space and decoration at the ends do not count."""
    folded = unicodedata.normalize("NFKC", neutralise(text)).casefold()
    return " ".join(folded.split()).strip(_DECORATION)
