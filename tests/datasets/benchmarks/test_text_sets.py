"""Benchmarks of text become questions; the real files' counts are those of their index (M28)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from medrwr.datasets.benchmarks.fields import options_of, place_of
from medrwr.datasets.benchmarks.registry import BENCHMARKS, read_benchmark
from medrwr.errors import ArtefactError, ConfigError, QuestionError
from medrwr.records import write_records
from tests.datasets.native import write_array, write_lines
from tests.evaluation.fakes import question

EXPERT = {
    "id": "Text-20",
    "question": "What explains it?\nAnswer Choices: (A) Flu (B) Gout",
    "options": [{"letter": "A", "content": "Flu"}, {"letter": "B", "content": "Gout"}],
    "label": ["B"],
    "question_type": "Reasoning",
}


def test_m28_medxpertqa_in_both_releases(tmp_path: Path) -> None:
    hub = EXPERT | {"id": "Text-21", "options": {"A": "Flu", "B": "Gout"}, "label": "A"}
    write_lines(tmp_path / "Text/test.jsonl", [EXPERT, hub, EXPERT | {"id": "MM-1"}, EXPERT | {"label": ["C"]}])
    write_lines(tmp_path / "Text/dev.jsonl", [EXPERT])
    found = read_benchmark("medxpertqa-text", str(tmp_path), unpacked=tmp_path)
    assert [(q.text, q.gold_text, q.kind) for q in found.closed] == [
        ("What explains it?", "Gout", "reasoning"),
        ("What explains it?", "Flu", "reasoning"),
    ]
    assert [item.reason.split(":")[0] for item in found.excluded] == [
        "is of another part",
        "has the answer 'C', expected one of the letters AB",
    ]


def test_m28_mmlu_pubmedqa_bioasq(tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    (tmp_path / "m/anatomy_test.csv").write_text('"Which, of these?",a,b,c,d,C\nToo few,a,b,C\n')
    found = read_benchmark("mmlu-med", str(tmp_path / "m"), unpacked=tmp_path)
    assert [(q.text, q.gold_text, q.kind) for q in found.closed] == [("Which, of these?", "c", "anatomy")]
    assert found.reasons == {"has 4 cells, expected 6": 1}

    records = {"1": {"QUESTION": "Does it?", "final_decision": "maybe"}, "2": {"QUESTION": "Is it?"}}
    (tmp_path / "ori_pqal.json").write_text(json.dumps(records))
    found = read_benchmark("pubmedqa", str(tmp_path / "ori_pqal.json"), unpacked=tmp_path)
    assert [(q.question_id, q.gold_text) for q in found.closed] == [("pubmedqa-1", "maybe")]

    asked = [
        {"id": "x", "type": "yesno", "body": "Is it?", "exact_answer": "Yes"},
        {"id": "y", "type": "list", "body": "Which?", "exact_answer": [["a"]]},
    ]
    (tmp_path / "golden.json").write_text(json.dumps({"questions": asked}))
    found = read_benchmark("bioasq", str(tmp_path / "golden.json"), unpacked=tmp_path)
    assert [(q.question_id, q.gold_text) for q in found.closed] == [("bioasq-x", "yes")]
    assert list(found.reasons) == ["list question: MIRAGE asks those answered yes or no"]


def test_ones_own_questions_need_their_images(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images/1.png").write_bytes(b"any")
    asked = [question(1, image=True), question(2, image=True), question(1, image=True)]
    write_records(tmp_path / "questions/test.jsonl", asked)
    found = read_benchmark("clinic", str(tmp_path), unpacked=tmp_path)
    assert [one.question_id for one in found.closed] == ["q1"]
    assert [item.reason for item in found.excluded] == ["image 'images/2.png' is missing", "repeats q1"]


def test_an_unknown_name_and_an_absent_split(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="did you mean 'vqa-rad'"):
        read_benchmark("vqarad", str(tmp_path), unpacked=tmp_path)
    write_array(tmp_path / "train.json", [EXPERT])
    with pytest.raises(ArtefactError, match=r"no file of the split 'test' \(there: train.json"):
        read_benchmark("medxpertqa-text", str(tmp_path), unpacked=tmp_path)


@pytest.mark.parametrize("name", [name for name in BENCHMARKS if name not in ("vqa-rad", "clinic")])
def test_0_questions_are_an_error(tmp_path: Path, name: str) -> None:
    split = BENCHMARKS[name].split
    for ending, content in ((".json", "[]"), (".jsonl", ""), (".csv", "")):
        (tmp_path / f"{split}{ending}").write_text(content)
    with pytest.raises(ArtefactError, match="no usable record"):
        read_benchmark(name, str(tmp_path), unpacked=tmp_path)


@pytest.mark.parametrize("answer", ["K", "", "AB", None, 3, ["A", "B"], "gou"])
def test_an_answer_outside_the_options_is_none(answer: object) -> None:
    with pytest.raises(QuestionError, match="expected one of the letters AB"):
        place_of(answer, ("Flu", "Gout"))


@pytest.mark.parametrize("listed", ["['a'", "__import__('os')", {"A": "x", "C": "y"}, None, 4, [{"letter": "B"}]])
def test_unreadable_options_are_refused(listed: object) -> None:
    with pytest.raises(QuestionError, match=r"has (options|the option letters)"):
        options_of(listed)


@pytest.mark.parametrize(
    ("name", "folder", "records", "closed", "opened"),
    [
        ("vqa-rad", "vqa/vqa-rad", 1530, 826, 639),  # 639 OPEN of SOURCE.txt; 891 closed, 65 of them not yes or no
        ("medqa", "mcq/mirage/medqa", 923, 923, 0),
        ("medmcqa", "mcq/mirage/medmcqa", 3183, 3167, 0),  # 16 repeat an option
        ("mmlu-med", "mcq/mirage/mmlu", 644, 644, 0),
        ("bioasq", "mcq/mirage/bioasq", 1000, 292, 0),  # 292 yes/no of SOURCE.txt
        ("pubmedqa", "mcq/pubmedqa", 500, 500, 0),
        ("medxpertqa-text", "mcq/medxpertqa", 144, 144, 0),
    ],
)
def test_m28_real_sets_are_read_whole(
    medical_data: Path, tmp_path: Path, name: str, folder: str, records: int, closed: int, opened: int
) -> None:
    found = read_benchmark(name, str(medical_data / folder), unpacked=tmp_path)
    assert (found.records, len(found.closed), len(found.open)) == (records, closed, opened)
    assert sum(found.reasons.values()) == records - closed - opened
    assert len({item.question_id for item in (*found.closed, *found.open)}) == closed + opened
