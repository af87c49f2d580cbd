"""What readers said of a server's answers becomes questions: where the right option is known, and nobody disagrees.

A server keeps no image with feedback, so these are questions of text; a person may add images on review.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from medrwr.datasets.rows import read_rows
from medrwr.errors import ArtefactError, RecordError
from medrwr.types import LETTERS, Quarantined, Question

SOURCE = "feedback"


def read_feedback(file: Path) -> tuple[list[Question], list[Quarantined]]:
    """One question for each that was rated, in the order of its first rating; lines left out with their reasons.

    Right is what a reader named, or the answer that was called right.

    Raises:
        ArtefactError: the file does not exist.
    """
    if not file.is_file():
        raise ArtefactError(f"{file} does not exist: a server keeps feedback below its folder, in feedback/")
    said: dict[str, list[tuple[str, Question]]] = {}
    refused: list[Quarantined] = []
    for place, values, reason in _lines(file):
        try:
            if values is None:
                raise RecordError(reason)
            question = _question(values)
            said.setdefault(question.question_id, []).append((place, question))
        except RecordError as error:
            refused.append(Quarantined(place, SOURCE, str(error)))
    kept = []
    for ratings in said.values():
        if len({question.answer for _, question in ratings}) == 1:
            kept.append(ratings[0][1])
        else:
            refused += [Quarantined(place, SOURCE, "conflict: readers name different options") for place, _ in ratings]
    return kept, refused


def _lines(file: Path) -> Iterator[tuple[str, Mapping[str, Any] | None, str]]:
    return ((row.place, row.values, row.reason) for row in read_rows([file]))


def _question(values: Mapping[str, Any]) -> Question:
    text, options = values.get("question"), values.get("options")
    if not isinstance(text, str) or not text.strip() or not isinstance(options, list):
        raise RecordError("incomplete: no question, or no options")
    letter = values.get("correct_letter") or (values.get("letter") if values.get("rating") == "right" else None)
    if not isinstance(letter, str) or letter not in LETTERS[: len(options)] or len(letter) != 1:
        raise RecordError("unknown: nobody says which option is right")
    content = json.dumps([text, options], ensure_ascii=False)
    return Question(
        question_id=f"feedback-{hashlib.sha256(content.encode()).hexdigest()[:16]}",
        text=text.strip(),
        options=tuple(map(str, options)),
        answer=LETTERS.index(letter),
        source=SOURCE,
    )
