"""Great Expectations at the borders: what it finds, and that a failed blocking check stops what follows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from dagster_project.automation import JOB
from dagster_project.expectations import Expectation, validate
from dagster_project.project import build_definitions
from dagster_project.tables import expect_questions, read_questions

from .conftest import make_workspace

DVC_YAML = """\
stages:
  clinic:
    cmd: python stage.py
    deps: [stage.py]
    outs: [data/clinic]
  encoders:
    cmd: echo ran > data/encoders
    deps: [data/clinic]
    outs: [data/encoders]
"""
STAGE = """\
import json
from pathlib import Path
folder = Path("data/clinic/questions")
folder.mkdir(parents=True)
rows = [
    dict(question_id="q0", text="Which drug?", options=["a", "b", "c", "d"], answer=1, images=[], modality="ct",
         kind="treatment", fact_id="f", split="test", seed=7),
]
rows.append(dict(rows[0], answer=4))
(folder / "test.jsonl").write_text("\\n".join(map(json.dumps, rows)))
"""


def question(name: str, **changes: Any) -> dict[str, Any]:
    base: dict[str, Any] = {"question_id": name, "text": "Which?", "options": ["a", "b", "c", "d"], "answer": 1}
    rest = {"images": [], "modality": "ct", "kind": "treatment", "fact_id": "f", "split": "test", "seed": 7}
    return base | rest | changes


def write_questions(root: Path, rows: list[dict[str, Any]]) -> None:
    folder = root / "data/clinic/questions"
    folder.mkdir(parents=True)
    (folder / "test.jsonl").write_text("\n".join(json.dumps(row) for row in rows))


def failed(root: Path) -> dict[str, tuple[int, tuple[str, ...]]]:
    expectations = expect_questions()
    verdicts, page = validate("questions", read_questions(root), expectations, root / "docs")
    assert page.is_file()
    found = zip(expectations, verdicts, strict=True)
    return {item.name: (verdict.unexpected, verdict.examples) for item, verdict in found if not verdict.passed}


def test_good_questions_pass(tmp_path: Path) -> None:
    write_questions(tmp_path, [question("q0", answer=1), question("q1", answer=2)])

    assert failed(tmp_path) == {}


def test_each_defect_is_found_by_its_own_expectation(tmp_path: Path) -> None:
    rows = [
        question("same", answer=1),
        question("same", answer=2),
        question("outside", answer=4),
        question("repeats", options=["a", "A ", "c", "d"], answer=0),
        question("no_image", images=["images/none.png"], answer=1),
    ]
    write_questions(tmp_path, rows)

    found = failed(tmp_path)

    assert found == {
        "question_ids_unique": (2, ("same", "same")),
        "answer_is_an_option": (1, ("False",)),
        "options_differ": (1, ("False",)),
        "images_exist": (1, ("False",)),
    }  # mean position (1 + 2 + 4 + 0 + 1) / 5 = 1.6 is within 1.2 and 1.8


def test_a_missing_column_breaks_the_schema(tmp_path: Path) -> None:
    row = question("q0")
    del row["modality"]
    write_questions(tmp_path, [row])

    assert "question_columns" in failed(tmp_path)


@pytest.mark.parametrize(("short", "passed"), [(1, True), (2, False)])
def test_mostly_allows_its_share(tmp_path: Path, short: int, passed: bool) -> None:
    frame = pd.DataFrame({"words": [50] * (20 - short) + [3] * short})  # 1 of 20 is 5%, 2 are 10%
    length = Expectation(
        "length", "", "ExpectColumnValuesToBeBetween", {"column": "words", "min_value": 8, "mostly": 0.95}
    )

    verdicts, _ = validate("passages", frame, [length], tmp_path)

    assert verdicts[0].passed is passed
    assert (verdicts[0].rows, verdicts[0].unexpected) == (20, short)


def test_a_failed_blocking_check_stops_what_follows(tmp_path: Path) -> None:
    space = make_workspace(tmp_path / "workspace", dvc_yaml=DVC_YAML, params="{}\n", stage=STAGE)

    result = build_definitions(space.root).resolve_job_def(JOB).execute_in_process(raise_on_error=False)

    assert not result.success
    evaluations = {item.check_name: item for item in result.get_asset_check_evaluations()}
    assert not evaluations["answer_is_an_option"].passed
    assert evaluations["answer_is_an_option"].severity is dg.AssetCheckSeverity.ERROR
    assert evaluations["answer_positions"].severity is dg.AssetCheckSeverity.WARN
    assert evaluations["options_differ"].passed
    assert not (space.root / "data/encoders").exists()
