"""The tables that are checked at the pipeline's borders, read as they lie on disk: a check trusts no reader."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagster_project.expectations import Expectation
from medrwr.config import KnowledgeBaseSettings
from pipelines.params import load_params
from pipelines.paths import Paths

if TYPE_CHECKING:
    import pandas as pd

QUESTION_COLUMNS = (
    "question_id",
    "text",
    "options",
    "answer",
    "images",
    "modality",
    "kind",
    "fact_id",
    "split",
    "seed",
)


@dataclass(frozen=True, slots=True)
class CheckedTable:
    """A table, how it is read, and what is expected of it."""

    name: str
    load: Callable[[], pd.DataFrame]
    expectations: tuple[Expectation, ...]
    key: str = ""  # the column that identifies a row


def questions_table(root: Path) -> CheckedTable:
    """Every question of the clinic."""
    return CheckedTable("questions", partial(read_questions, root), expect_questions(), "question_id")


def passages_table(root: Path, source: str) -> CheckedTable:
    """Every passage of one source."""
    expected = expect_passages(load_params(root).knowledge_base)
    return CheckedTable(f"passages_{source}", partial(read_passages, root, source), expected, "passage_id")


def read_questions(root: Path) -> pd.DataFrame:
    """All splits of the clinic's questions, with what can be wrong about each as columns of its own."""
    import pandas as pd

    clinic = Paths(root).clinic
    files = sorted((clinic / "questions").glob("*.jsonl"))
    rows = [question_row(row, clinic) | {"file": file.stem} for file in files for row in read_rows(file)]
    return pd.DataFrame(rows)


def read_passages(root: Path, source: str) -> pd.DataFrame:
    """The passages of one source, with their length in words."""
    import pandas as pd

    rows = read_rows(Paths(root).knowledge_base(source) / "passages.jsonl")
    return pd.DataFrame([row | {"words": len(str(row.get("text", "")).split())} for row in rows])


def read_rows(file: Path) -> list[dict[str, Any]]:
    """The objects of a JSON lines file."""
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]


def image_trouble(path: Path) -> str:
    """Why an image cannot be decoded; '' when it can, or is not there at all."""
    from PIL import Image

    if not path.is_file():
        return ""
    try:
        with Image.open(path) as image:
            image.load()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        return f"{path.name}: {error}"
    return ""


def question_row(row: dict[str, Any], clinic: Path) -> dict[str, Any]:
    """One question as it lies on disk, with its troubles in columns of their own."""
    options = row.get("options") or []
    return row | {
        "option_count": len(options),
        "options_differ": len({str(option).strip().lower() for option in options}) == len(options),
        "answer_in_options": isinstance(row.get("answer"), int) and 0 <= row["answer"] < len(options),
        "unreadable": "; ".join(filter(None, (image_trouble(clinic / image) for image in row.get("images") or []))),
        "images_exist": all((clinic / image).is_file() for image in row.get("images") or []),
        "text": str(row.get("text", "")),
    }


def expect_questions() -> tuple[Expectation, ...]:
    """Schema, option and answer consistency, unique ids, images on disk; and answers spread over the positions."""
    return (
        Expectation(
            "question_columns",
            "Every question has the columns of medrwr.types.Question.",
            "ExpectTableColumnsToMatchSet",
            {"column_set": [*QUESTION_COLUMNS, *_DERIVED], "exact_match": False},
        ),
        Expectation(
            "question_ids_unique",
            "No two questions, of whatever split, share an id.",
            "ExpectColumnValuesToBeUnique",
            {"column": "question_id"},
        ),
        _all_true(
            "answer_is_an_option",
            "answer_in_options",
            "The answer is an index into the options.",
            "answer",
            "options",
        ),
        _all_true("options_differ", "options_differ", "No question repeats an option.", "options", "file"),
        _all_true("images_exist", "images_exist", "Every image that a question names lies on disk.", "images", "file"),
        Expectation(
            "images_readable",
            "Every image that lies on disk is decoded to its last pixel.",
            "ExpectColumnValuesToBeInSet",
            {"column": "unreadable", "value_set": [""]},
            shown=("images", "file"),
        ),
        Expectation(
            "answer_positions",
            "Answers are spread over the options: the mean position is near the middle.",
            "ExpectColumnMeanToBeBetween",
            {"column": "answer", "min_value": 1.2, "max_value": 1.8},
            blocking=False,
        ),
    )


def expect_passages(settings: KnowledgeBaseSettings) -> tuple[Expectation, ...]:
    """Unique ids (blocking), and lengths around `chunk_words` (a warning: a source may be terse)."""
    return (
        Expectation(
            "passage_ids_unique",
            "No two passages share an id.",
            "ExpectColumnValuesToBeUnique",
            {"column": "passage_id"},
        ),
        Expectation(
            "passage_length",
            "95% of the passages have between `min_words` and twice `chunk_words` words.",
            "ExpectColumnValuesToBeBetween",
            {
                "column": "words",
                "min_value": settings.min_words,
                "max_value": 2 * settings.chunk_words,
                "mostly": 0.95,
            },
            blocking=False,
        ),
    )


_DERIVED = ("option_count", "options_differ", "answer_in_options", "unreadable", "images_exist", "file")


def _all_true(name: str, column: str, description: str, *shown: str) -> Expectation:
    arguments = {"column": column, "value_set": [True]}
    return Expectation(name, description, "ExpectColumnValuesToBeInSet", arguments, shown=shown)
