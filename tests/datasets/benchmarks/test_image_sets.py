"""Benchmarks with images, in files of their native form, become questions (M28)."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from PIL import Image
from pyarrow import parquet

from medrwr.datasets.benchmarks.record import Benchmark
from medrwr.datasets.benchmarks.registry import read_benchmark
from medrwr.errors import ArtefactError
from tests.datasets.native import draw, write_array, write_lines

SLAKE = {
    "qid": 1,
    "img_name": "xmlab1/source.jpg",
    "question": "Is this a CT?",
    "answer": "Yes",
    "q_lang": "en",
    "answer_type": "CLOSED",
    "content_type": "Modality",
}
MMMU = {
    "id": "validation_Clinical_Medicine_1",
    "question": "<image 1> and <image 2>: which?",
    "options": "['A cyst', 'An abscess', 'A tumour', \"Crohn's\"]",
    "answer": "D",
    "question_type": "multiple-choice",
}
OMNI = {
    "dataset": "CXR",
    "question_id": "cxr_1",
    "question": "Which modality?",
    "option_A": "MRI",
    "option_B": "X-ray",
    "gt_answer": "X-ray",
    "image_path": "Images/a.png",
    "question_type": "Modality Recognition",
    "modality_type": "X-Ray",
}
ECBENCH = {"id": 7, "question": "Which valve?", "options": ["mitral", "aortic"], "answer": "B", "images": ["a.png"]}
PMC = ["a.png", "What is marked?", " A:Uterus ", " B:Liver ", " C:Kidney ", " D:Spleen ", "C"]
PMC_HEADER = ["Figure_path", "Question", "Choice A", "Choice B", "Choice C", "Choice D", "Answer"]


def png(tone: int) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (4, 4), (tone, 0, 0)).save(stream, "PNG")
    return stream.getvalue()


def cell(tone: int) -> dict[str, Any]:
    return {"bytes": png(tone), "path": None}


def table(path: Path, rows: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(pa.Table.from_pylist(rows), path)


def read(name: str, folder: Path) -> Benchmark:
    return read_benchmark(name, str(folder), unpacked=folder / "unpacked")


def test_m28_slake_keeps_its_languages_apart(tmp_path: Path) -> None:
    draw(tmp_path / "imgs/xmlab1/source.jpg", 1)
    chinese = SLAKE | {"qid": 2, "q_lang": "zh", "answer": "不是", "question": "这是CT吗？"}
    opened = SLAKE | {"qid": 3, "answer_type": "OPEN", "answer": "Liver"}
    either = SLAKE | {"qid": 4, "answer": "Lung"}
    write_array(tmp_path / "test.json", [SLAKE, chinese, opened, either])
    write_array(tmp_path / "train.json", [SLAKE])
    english = read("slake-en", tmp_path)
    (question,) = english.closed
    assert (question.gold_text, question.fact_id) == ("yes", "xmlab1/source.jpg")
    assert english.open[0].answers == ("Liver",)
    assert english.reasons == {
        "is in another language: ..": 1,
        "closed question answered .., neither yes nor no: its options are not listed": 1,
    }
    (question,) = read("slake-zh", tmp_path).closed
    assert (question.options, question.gold_text) == (("是", "否"), "否")


def test_images_of_one_name_in_an_archive_are_not_confused(tmp_path: Path) -> None:
    """SLAKE calls every image source.jpg: the folder tells them apart."""
    with zipfile.ZipFile(tmp_path / "imgs.zip", "w") as archive:
        for number in (1, 2):
            archive.writestr(f"imgs/xmlab{number}/source.jpg", png(number))
    write_array(tmp_path / "test.json", [SLAKE, SLAKE | {"qid": 2, "img_name": "xmlab2/source.jpg"}])
    paths = [Path(question.images[0]) for question in read("slake-en", tmp_path).closed]
    assert [path.read_bytes() for path in paths] == [png(1), png(2)]


def test_m28_mmmu_with_two_images(tmp_path: Path) -> None:
    rows = [
        MMMU | {"image_1": cell(1), "image_2": cell(2)},
        MMMU | {"id": "validation_Art_1", "image_1": cell(1), "image_2": cell(2)},
        MMMU | {"id": "validation_Pharmacy_2", "image_1": cell(1), "image_2": None},
        MMMU
        | {"id": "validation_Pharmacy_3", "question": "How much?", "question_type": "open", "answer": "['8', '8.0']"},
        MMMU | {"id": "validation_Pharmacy_4", "question": "Which?", "answer": "?"},
    ]
    table(tmp_path / "Clinical_Medicine/validation-00000-of-00001.parquet", rows)
    read_back = read("mmmu", tmp_path)
    (question,) = read_back.closed
    assert (question.gold_text, question.kind) == ("Crohn's", "Clinical_Medicine")
    assert [Path(image).read_bytes() for image in question.images] == [png(1), png(2)]
    assert read_back.open[0].answers == ("8", "8.0")
    reasons = [item.reason for item in read_back.excluded]
    assert reasons == [
        "is of the subject 'Art', not Health & Medicine",
        "names <image 2> but has 1 images",
        "has the answer '?': this split's answers are not published",
    ]


def test_m28_mmmu_pro_has_four_or_ten_options(tmp_path: Path) -> None:
    ten = [f"option {number}" for number in range(10)]
    row = {"id": "test_Pharmacy_1", "question": "Which?", "subject": "Pharmacy", "image_1": cell(1)}
    four_row, ten_row = row | {"options": str(ten[:4]), "answer": "D"}, row | {"options": str(ten), "answer": "J"}
    table(tmp_path / "standard (4 options)/test-00000-of-00001.parquet", [four_row])
    table(tmp_path / "standard (10 options)/test-00000-of-00001.parquet", [ten_row])
    assert [len(q.options) for q in read("mmmu-pro-4", tmp_path).closed] == [4]
    assert [q.gold_letter for q in read("mmmu-pro-10", tmp_path).closed] == ["J"]
    table(tmp_path / "standard (4 options)/test-00000-of-00001.parquet", [ten_row])
    with pytest.raises(ArtefactError, match="has 10 options, expected at most 4"):
        read("mmmu-pro-4", tmp_path)


def test_m28_path_vqa(tmp_path: Path) -> None:
    rows = [
        {"image": cell(1), "question": "Is it benign?", "answer": "no"},
        {"image": cell(1), "question": "What is seen?", "answer": "no necrosis"},
    ]
    table(tmp_path / "data/test-00000-of-00001.parquet", rows)
    found = read("path-vqa", tmp_path)
    assert [question.gold_text for question in found.closed] == ["no"]
    assert [question.answers for question in found.open] == [("no necrosis",)]  # begins with "no", is none
    assert found.closed[0].fact_id == found.open[0].fact_id  # one image


def write_csv(path: Path, *rows: list[str]) -> None:
    with path.open("w", newline="") as stream:
        csv.writer(stream).writerows([PMC_HEADER, *rows])


def test_m28_pmc_vqa(tmp_path: Path) -> None:
    draw(tmp_path / "images/a.png", 1)
    write_csv(tmp_path / "test_2.csv", PMC, [*PMC[:6], "E"], ["b.png", *PMC[1:]], PMC[:3])
    found = read("pmc-vqa", tmp_path)
    (question,) = found.closed
    assert (question.options, question.gold_text) == (("Uterus", "Liver", "Kidney", "Spleen"), "Kidney")
    assert [item.reason for item in found.excluded] == [
        "has the answer 'E', expected one of the letters ABCD",
        "image 'b.png' is missing",
        "has 3 cells, expected 7",
    ]


def test_m28_omnimedvqa(tmp_path: Path) -> None:
    draw(tmp_path / "Images/a.png", 1)
    records = [OMNI, OMNI | {"question_id": "cxr_2", "gt_answer": "Ultrasound"}, OMNI]
    write_array(tmp_path / "QA_information/Open-access/CXR.json", records)
    found = read("omnimedvqa", tmp_path)
    (question,) = found.closed
    assert (question.options, question.gold_letter, question.modality) == (("MRI", "X-ray"), "B", "x-ray")
    assert [item.reason for item in found.excluded] == [
        "has the answer 'Ultrasound', expected one of the letters AB",
        "repeats omnimedvqa-CXR-cxr_1",
    ]


def test_m28_ecbench_format(tmp_path: Path) -> None:
    draw(tmp_path / "images/a.png", 1)
    write_lines(tmp_path / "ecbench.jsonl", [ECBENCH, ECBENCH | {"id": 8, "images": ["../a.png"]}])
    found = read("ecbench", tmp_path)
    assert [(question.question_id, question.gold_text) for question in found.closed] == [("ecbench-7", "aortic")]
    assert "leads out of" in found.excluded[0].reason


@pytest.mark.parametrize(
    ("name", "file", "record"),
    [
        ("slake-en", "test.json", {"Question": "?", "Answer": "Yes"}),
        ("omnimedvqa", "a.json", {"QuestionID": "1"}),
        ("ecbench", "a.json", {"images": ["images/a.png"], "options": ["x", "y"], "prompt": "?"}),
        ("medxpertqa-mm", "test.json", {"qid": "MM-1"}),
    ],
)
def test_another_years_field_names_are_an_error_that_names_them(
    tmp_path: Path, name: str, file: str, record: dict[str, Any]
) -> None:
    (tmp_path / file).write_text(json.dumps([record]))
    with pytest.raises(ArtefactError, match=rf"no usable record \(1 refused.*fields: .*{next(iter(record))}"):
        read(name, tmp_path)
