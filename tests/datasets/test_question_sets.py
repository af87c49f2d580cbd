"""MedQA-USMLE and MedMCQA in their native formats become questions (M23)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from medrwr.datasets.medmcqa import read_medmcqa
from medrwr.datasets.medqa import read_medqa
from medrwr.errors import ArtefactError
from tests.datasets.native import MEDMCQA, MEDQA, write_array, write_lines


def test_m23_a_medqa_record(tmp_path: Path) -> None:
    write_lines(tmp_path / "train.jsonl", [MEDQA])
    (question,), refused = read_medqa(tmp_path)
    assert question.options == ("Ampicillin", "Ceftriaxone", "Doxycycline", "Nitrofurantoin")
    assert (question.gold_letter, question.gold_text) == ("D", "Nitrofurantoin")
    assert (question.kind, question.split, question.source) == ("step2&3", "train", "medqa")
    assert not refused
    (again,), _ = read_medqa(write_array(tmp_path / "other/train.json", [MEDQA]))  # same record, same id
    assert again.question_id == question.question_id


def test_four_options_are_taken_where_both_lie(tmp_path: Path) -> None:
    five = MEDQA | {"options": MEDQA["options"] | {"E": "Trimethoprim"}}
    write_lines(tmp_path / "US/train.jsonl", [five])
    assert len(read_medqa(tmp_path)[0][0].options) == 5
    write_lines(tmp_path / "US/4_options/phrases_no_exclude_train.jsonl", [MEDQA])
    (question,), _ = read_medqa(tmp_path)
    assert len(question.options) == 4


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"answer_idx": "B"}, "expected a letter and that option's text"),  # letter and text disagree
        ({"answer_idx": "E", "answer": ""}, "expected a letter"),
        ({"answer": None, "answer_idx": None}, "expected a letter"),
        ({"options": {"A": "x", "C": "y"}}, "expected A, B, C and on"),
        ({"options": {"A": "x", "B": "x"}, "answer": "x", "answer_idx": "A"}, "repeats an option"),
        ({"options": ["x", "y"]}, "expected letters with texts"),
        ({"options": {"A": "x", "B": 3}}, "expected letters with texts"),
        ({"question": "  "}, "no `question`"),
        ({}, "repeats medqa-"),
    ],
)
def test_a_bad_medqa_record_is_quarantined(tmp_path: Path, change: dict[str, Any], reason: str) -> None:
    write_lines(tmp_path / "train.jsonl", [MEDQA, MEDQA | change])
    questions, (refused,) = read_medqa(tmp_path)
    assert len(questions) == 1
    assert refused.record_id == "train.jsonl:2"
    assert reason in refused.reason


def test_the_answers_text_alone_will_do(tmp_path: Path) -> None:
    write_lines(tmp_path / "train.jsonl", [{k: v for k, v in MEDQA.items() if k != "answer_idx"}])
    assert read_medqa(tmp_path)[0][0].gold_letter == "D"


def test_m23_a_medmcqa_record(tmp_path: Path) -> None:
    write_lines(tmp_path / "train.json", [MEDMCQA])
    (question,), _ = read_medmcqa(tmp_path)
    assert question.gold_text == "Vitamin B12"  # 3 from 1
    assert question.question_id == f"medmcqa-{MEDMCQA['id']}"
    assert (question.kind, question.explanation[:8]) == ("Biochemistry", "Ans. (c)")


def test_cop_from_zero_is_told_by_a_zero_or_by_parquet(tmp_path: Path) -> None:
    records = [MEDMCQA | {"cop": 2}, MEDMCQA | {"id": "2", "cop": 0}]
    assert [q.gold_letter for q in read_medmcqa(write_lines(tmp_path / "a.json", records))[0]] == ["C", "A"]
    path = tmp_path / "data/train-00000-of-00001.parquet"
    path.parent.mkdir()
    parquet.write_table(pa.Table.from_pylist([MEDMCQA | {"cop": 2}]), path)
    assert read_medmcqa(tmp_path)[0][0].gold_text == "Vitamin B12"
    with pytest.raises(ArtefactError, match="both 0 and 4"):
        read_medmcqa(write_lines(tmp_path / "b.json", [MEDMCQA | {"cop": 0}, MEDMCQA | {"id": "2", "cop": 4}]))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"cop": -1}, "the test split has no answers"),
        ({"cop": None}, "the test split has no answers"),
        ({"cop": "3"}, "the test split has no answers"),
        ({"opb": None}, "empty option"),
        ({"opb": "vitamin c"}, "repeats an option"),
        ({"question": 7}, "no `question`"),
        ({"id": MEDMCQA["id"]}, "repeats medmcqa-"),
    ],
)
def test_a_bad_medmcqa_record_is_quarantined(tmp_path: Path, change: dict[str, Any], reason: str) -> None:
    write_lines(tmp_path / "dev.json", [MEDMCQA, MEDMCQA | {"id": "2"} | change])
    questions, (refused,) = read_medmcqa(tmp_path, split="validation")
    assert len(questions) == 1
    assert reason in refused.reason


@pytest.mark.parametrize(
    ("content", "kept", "reason"),
    [
        (json.dumps(MEDQA) + '\n{"question": "cut\n', 1, "cannot be read"),
        (json.dumps(MEDQA) + "\n[1]\n", 1, "is no object"),
        ("[" + json.dumps(MEDQA) + ', {"question": "cut', 1, "cannot be read"),
        (json.dumps(MEDQA) + "\n" + "[" * 100_000, 1, "cannot be read"),
    ],
)
def test_a_damaged_file_gives_what_is_before_the_damage(tmp_path: Path, content: str, kept: int, reason: str) -> None:
    (tmp_path / "train.jsonl").write_text(content)
    questions, (refused,) = read_medqa(tmp_path)
    assert len(questions) == kept
    assert reason in refused.reason


@pytest.mark.parametrize("content", [b"", b"\n\n", b"[]", b"\xff\xfe\x00", b"PAR1 and no more"])
def test_nothing_usable_is_an_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "train.jsonl").write_bytes(content)
    with pytest.raises(ArtefactError, match="no usable record"):
        read_medqa(tmp_path)


def test_no_file_for_the_split(tmp_path: Path) -> None:
    write_lines(tmp_path / "train.jsonl", [MEDQA])
    with pytest.raises(ArtefactError, match=r"no test file \(there: train.jsonl\)"):
        read_medqa(tmp_path, split="test")


def test_m23_the_real_files(medical_data: Path) -> None:
    """MIRAGE's copies: the first 923 of MedQA's test and 3,183 of MedMCQA's dev, `cop` from 1."""
    questions, refused = read_medqa(medical_data / "mcq/mirage/medqa", split="test")
    assert len(questions) + len(refused) == 923
    assert len(questions) == 923
    assert all(len(question.options) == 4 for question in questions)
    questions, refused = read_medmcqa(medical_data / "mcq/mirage/medmcqa", split="validation")
    assert len(questions) + len(refused) == 3183
    assert len(questions) > 3100
    assert all("option" in item.reason for item in refused)
    bare = next(q for q in questions if q.question_id == "medmcqa-45258d3d-b974-44dd-a161-c3fccbdadd88")
    assert bare.gold_letter == "A"
