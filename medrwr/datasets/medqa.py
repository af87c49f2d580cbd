"""MedQA-USMLE (Jin et al. 2021, doi:10.3390/app11146421): the first set of the text stage (M23).

Native: JSON lines with `question`, `options` {"A": text, ..}, `answer` (its text), `answer_idx` (its letter) and
`meta_info` ("step1", "step2&3"). The release has five options in train.jsonl, four in phrases_no_exclude_train.jsonl.
The letter and the text of the answer have to agree. Records have no id: theirs is made from their content.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from medrwr.datasets.rows import Row, read_rows, sort_out, split_files, text_of
from medrwr.errors import QuestionError
from medrwr.types import LETTERS, Quarantined, Question

SOURCE = "medqa"
PATTERNS = ("*.jsonl", "*.parquet", "**/*.jsonl", "**/*.parquet")
_FOUR = "phrases_no_exclude"


def read_medqa(path: Path, *, split: str = "train") -> tuple[list[Question], list[Quarantined]]:
    """The questions of a split, and what was left out and why. Where both lie in a folder, four options are taken.

    Raises:
        ArtefactError: no file for the split, or nothing usable in it.
    """
    files = split_files(path, split)
    four = [file for file in files if _FOUR in file.name]

    def make(_row: Row, values: Mapping[str, Any]) -> dict[str, Question]:
        question = _question(values, split)
        return {question.question_id: question}

    return sort_out(read_rows(four or files), SOURCE, make)


def _question(values: Mapping[str, Any], split: str) -> Question:
    listed, text = values.get("options"), text_of(values, "question")
    if not text:
        raise QuestionError("has no `question`")
    if not isinstance(listed, Mapping) or not all(isinstance(option, str) for option in listed.values()):
        raise QuestionError(f"has options {listed!r}, expected letters with texts")
    letters = sorted(letter for letter in listed if listed[letter])
    if "".join(letters) != LETTERS[: len(letters)]:
        raise QuestionError(f"has the option letters {letters}, expected A, B, C and on")
    options = tuple(listed[letter].strip() for letter in letters)
    digest = hashlib.sha256(json.dumps([text, options]).encode()).hexdigest()[:16]
    return Question(
        question_id=f"{SOURCE}-{digest}",
        text=text,
        options=options,
        answer=_answer(values, options),
        kind=text_of(values, "meta_info"),
        fact_id=f"{SOURCE}:{digest}",
        split=split,
        source=SOURCE,
    )


def _answer(values: Mapping[str, Any], options: tuple[str, ...]) -> int:
    letter, text = text_of(values, "answer_idx"), text_of(values, "answer")
    places = {option: place for place, option in reversed(list(enumerate(options)))}
    place = LETTERS.find(letter) if len(letter) == 1 else places.get(text, -1)
    if not 0 <= place < len(options) or (text and options[place] != text):
        raise QuestionError(f"has answer_idx {letter!r} and answer {text!r}, expected a letter and that option's text")
    return place
