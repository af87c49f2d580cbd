"""VQA-RAD's native file becomes questions (M28)."""

import json

import pytest

from medrwr.datasets.vqa_rad import IMAGES, read_vqa_rad
from medrwr.errors import ArtefactError

RECORD = {
    "qid": 6,
    "qid_linked_id": "27",
    "image_name": "a.jpg",
    "image_organ": "CHEST",
    "question": " Is the trachea midline? ",
    "answer": "Yes ",
    "answer_type": "CLOSED ",
    "phrase_type": "test_freeform",
}


def write(folder, *changes):
    (folder / IMAGES).mkdir(exist_ok=True)
    (folder / IMAGES / "a.jpg").write_bytes(b"any")
    (folder / "vqa.json").write_text(json.dumps([{**RECORD, **change} for change in changes]))


def test_m28_a_closed_question(tmp_path):
    write(tmp_path, {}, {"qid": 7, "answer": "no", "phrase_type": "para"})
    (first, second), excluded = read_vqa_rad(tmp_path)
    assert (first.question_id, first.text, first.options) == ("vqa-rad-6", "Is the trachea midline?", ("yes", "no"))
    assert (first.gold_letter, second.gold_letter) == ("A", "B")
    assert (first.split, second.split) == ("test", "train")
    assert first.images == (f"{IMAGES}/a.jpg",)
    assert first.fact_id == second.fact_id  # a paraphrase is not a second observation
    assert excluded == []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"answer_type": "OPEN"}, "open question"),
        ({"answer": "not sure"}, "neither yes nor no"),  # "no" as a substring is no answer
        ({"image_name": "gone.jpg"}, "is missing"),
    ],
)
def test_what_is_left_out_has_a_reason(tmp_path, change, reason):
    write(tmp_path, change)
    questions, (excluded,) = read_vqa_rad(tmp_path)
    assert questions == []
    assert reason in excluded.reason


def test_another_years_field_names(tmp_path):
    (tmp_path / "vqa.json").write_text(json.dumps([{"id": 1, "question": "?"}]))
    with pytest.raises(ArtefactError, match="lacks qid"):
        read_vqa_rad(tmp_path)


@pytest.mark.parametrize("content", ["", "{", "[]", "{}"])
def test_damaged_or_empty_file(tmp_path, content):
    (tmp_path / "vqa.json").write_text(content)
    with pytest.raises(ArtefactError, match="fetch VQA-RAD again"):
        read_vqa_rad(tmp_path)


def test_no_file(tmp_path):
    with pytest.raises(ArtefactError, match="0 JSON files"):
        read_vqa_rad(tmp_path)


def test_m28_the_real_set(medical_data):
    """1,530 records, 891 of them closed (889 + 2 with a stray blank), 826 answered yes (427) or no (399)."""
    questions, excluded = read_vqa_rad(medical_data / "vqa/vqa-rad")
    assert len(questions) + len(excluded) == 1530
    assert sum(item.reason == "open question" for item in excluded) == 1530 - 891
    assert len(questions) == 826
    assert sum(question.gold_text == "yes" for question in questions) == 427
    assert len({question.question_id for question in questions}) == 826
