"""Fields of native records: texts, options and the right one, in the spellings that releases use."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from typing import Any

from medrwr.datasets.rows import text_of
from medrwr.errors import QuestionError
from medrwr.types import LETTERS

YES_NO = ("yes", "no")
_SHOWN = 12


def need_text(values: Mapping[str, Any], *names: str) -> str:
    """The first of these fields that holds text.

    Raises:
        QuestionError: none does; names the fields that are there, as another year's release may call it otherwise.
    """
    for name in names:
        if text := text_of(values, name):
            return text
    there = ", ".join(list(map(str, values))[:_SHOWN])
    raise QuestionError(f"has no {' or '.join(f'`{name}`' for name in names)} (fields: {there})")


def options_of(listed: object) -> tuple[str, ...]:
    """Options given as {"A": text}, [{"letter": "A", "content": text}], [text], or a list printed by Python.

    Raises:
        QuestionError: none of these, or letters that are not A, B, C and on.
    """
    if isinstance(listed, str):
        try:
            listed = ast.literal_eval(listed.strip())
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            raise QuestionError(f"has options {str(listed)[:60]!r}, expected a list") from None
    if isinstance(listed, Sequence) and listed and all(isinstance(one, Mapping) for one in listed):
        listed = {str(one.get("letter")): one.get("content") for one in listed}
    if isinstance(listed, Mapping):
        given: dict[str, object] = {str(letter): text for letter, text in listed.items() if text is not None}
        letters = sorted(given)
        if not letters or "".join(letters) != LETTERS[: len(letters)]:
            raise QuestionError(f"has the option letters {letters}, expected A, B, C and on")
        listed = [given[letter] for letter in letters]
    if not isinstance(listed, Sequence) or not all(isinstance(one, str | int | float) for one in listed):
        raise QuestionError(f"has options {str(listed)[:60]!r}, expected a list of texts, or letters with texts")
    return tuple(str(one).strip() for one in listed)


def place_of(answer: object, options: Sequence[str]) -> int:
    """The index of the right option, given as a letter, as [letter], or as the option's text.

    Raises:
        QuestionError: several answers, or one outside the options.
    """
    if isinstance(answer, list | tuple) and len(answer) == 1:
        answer = answer[0]
    given = answer.strip() if isinstance(answer, str) else ""
    if len(given) == 1 and given in LETTERS[: len(options)]:
        return LETTERS.index(given)
    folded = [option.casefold() for option in options]
    if given and given.casefold() in folded:
        return folded.index(given.casefold())
    raise QuestionError(f"has the answer {answer!r}, expected one of the letters {LETTERS[: len(options)]}")


def yes_or_no(answer: str) -> int | None:
    """0 for yes, 1 for no, None for anything else ("no fracture" is no "no")."""
    folded = answer.strip().rstrip(".").casefold()
    return YES_NO.index(folded) if folded in YES_NO else None
