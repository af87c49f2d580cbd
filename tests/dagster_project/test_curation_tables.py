"""The checks on what curation leaves, against planted defects."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from PIL import Image

from dagster_project.curation_tables import curated_table, reconstructed_table
from dagster_project.tables import CheckedTable
from pipelines.paths import Paths
from tests.dagster_project.test_tables import question, verdicts


def write(root: Path, file: Path, rows: list[dict[str, Any]]) -> None:
    images = Paths(root).clinic / "images"
    images.mkdir(parents=True, exist_ok=True)
    Image.new("L", (8, 8)).save(images / "good.png")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))


def failed(table: CheckedTable, folder: Path) -> dict[str, list[str]]:
    """By broken expectation, the rows that break it."""
    return {
        name: [row["id"] for row in verdict.failing]
        for name, verdict in verdicts(table, folder).items()
        if not verdict.passed
    }


def test_m12_a_question_that_names_its_answer_is_found(tmp_path: Path) -> None:
    good = [question(f"q{number}", images=["images/good.png"], answer=1 + number % 2) for number in range(2)]
    file = Paths(tmp_path).reconstructed / "questions.jsonl"
    write(tmp_path, file, good)
    assert failed(reconstructed_table(tmp_path), tmp_path) == {}
    spoiled = question("told", text="Is it BB, or which drug?")
    write(tmp_path, file, [*good, spoiled, question("lost", images=["images/none.png"])])
    assert failed(reconstructed_table(tmp_path), tmp_path) == {
        "answer_not_in_question": ["told"],
        "images_exist": ["lost"],
    }


def test_m13_a_question_without_a_difficulty_is_found(tmp_path: Path) -> None:
    file = Paths(tmp_path).curated / "rl_image.jsonl"
    rows = [question("e", difficulty="easy"), question("h", difficulty="hard")]
    write(tmp_path, file, rows)
    assert failed(curated_table(tmp_path), tmp_path) == {}
    write(tmp_path, file, [*rows, question("n"), question("outside", answer=3, difficulty="hard")])
    assert failed(curated_table(tmp_path), tmp_path) == {"difficulty_graded": ["n"], "answer_is_an_option": ["outside"]}
