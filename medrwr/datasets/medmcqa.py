"""MedMCQA (Pal et al. 2022, arXiv:2203.14371): the second set of the text stage (M23).

Native: JSON lines (train.json, dev.json, test.json) with `question`, `opa` to `opd`, `cop` (the right option), `exp`
(the explanation, or null), `subject_name`, `topic_name`, `id`. `cop` counts from 1 in the release and from 0 in the
hub's copy: a 4 or a 0 anywhere in the files tells which; where neither occurs, parquet counts from 0. The test split is
published without answers (`cop` absent, or -1).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from medrwr.datasets.rows import Row, read_rows, sort_out, split_files, text_of
from medrwr.errors import ArtefactError, QuestionError
from medrwr.types import Quarantined, Question

SOURCE = "medmcqa"
PATTERNS = ("*.json", "**/*.json", "**/*.parquet")
_OPTIONS = ("opa", "opb", "opc", "opd")


def read_medmcqa(path: Path, *, split: str = "train") -> tuple[list[Question], list[Quarantined]]:
    """The questions of a split, and what was left out and why.

    Raises:
        ArtefactError: no file for the split, nothing usable in it, or `cop` both 0 and 4.
    """
    files = split_files(path, split)
    first = _first_option(files)

    def make(row: Row, values: Mapping[str, Any]) -> dict[str, Question]:
        name = f"{SOURCE}-{text_of(values, 'id') or row.place}"
        return {name: _question(name, values, first, split)}

    return sort_out(read_rows(files), SOURCE, make)


def _first_option(files: Sequence[Path]) -> int:
    """What `cop` is for the first option."""
    seen = {row.values["cop"] for row in read_rows(files) if row.values and isinstance(row.values.get("cop"), int)}
    if {0, 4} <= seen:
        raise ArtefactError(f"`cop` is both 0 and 4 in {', '.join(file.name for file in files)}: read them one by one")
    if 0 in seen or 4 in seen:
        return int(4 in seen)
    return 0 if all(file.suffix == ".parquet" for file in files) else 1


def _question(name: str, values: Mapping[str, Any], first: int, split: str) -> Question:
    text, cop = text_of(values, "question"), values.get("cop")
    if not text:
        raise QuestionError("has no `question`")
    if not isinstance(cop, int) or isinstance(cop, bool) or not first <= cop < first + len(_OPTIONS):
        raise QuestionError(f"has cop {cop!r}, expected {first} to {first + 3} (the test split has no answers)")
    return Question(
        question_id=name,
        text=text,
        options=tuple(text_of(values, option) for option in _OPTIONS),
        answer=cop - first,
        explanation=text_of(values, "exp"),
        kind=text_of(values, "subject_name"),
        fact_id=name,
        split=split,
        source=SOURCE,
    )
