"""Tables of what curation leaves: the reconstructed items (M12) and the graded ones (M13)."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from dagster_project.expectations import Expectation
from dagster_project.tables import CheckedTable, expect_questions, question_row, read_rows
from pipelines.paths import Paths

if TYPE_CHECKING:
    import pandas as pd


def reconstructed_table(root: Path) -> CheckedTable:
    """Every question that was made of an image case."""
    file = Paths(root).reconstructed / "questions.jsonl"
    leak = Expectation(
        "answer_not_in_question",
        "No question holds its right option's text (M12).",
        "ExpectColumnValuesToBeInSet",
        {"column": "names_answer", "value_set": [False]},
        shown=("text", "options"),
    )
    expected = (*expect_questions(), leak)
    return CheckedTable("reconstructed", partial(read_items, file, root), expected, "question_id")


def curated_table(root: Path) -> CheckedTable:
    """Every question that the image stage trains on."""
    file = Paths(root).curated / "rl_image.jsonl"
    graded = Expectation(
        "difficulty_graded",
        "Every question is easy or hard (M13).",
        "ExpectColumnValuesToBeInSet",
        {"column": "difficulty", "value_set": ["easy", "hard"]},
        shown=("split",),
    )
    expected = (*(item for item in expect_questions() if item.blocking), graded)
    return CheckedTable("curated", partial(read_items, file, root), expected, "question_id")


def read_items(file: Path, root: Path) -> pd.DataFrame:
    """The items of one file, with what can be wrong about each as columns of its own."""
    import pandas as pd

    clinic = Paths(root).clinic
    rows = [question_row(row, clinic) | {"file": file.stem} for row in read_rows(file)]
    return pd.DataFrame([row | {"names_answer": _names_answer(row)} for row in rows])


def _names_answer(row: dict[str, object]) -> bool:
    options, answer = row.get("options"), row.get("answer")
    if not isinstance(options, list) or not isinstance(answer, int) or not 0 <= answer < len(options):
        return False
    return str(options[answer]).casefold() in str(row["text"]).casefold()
