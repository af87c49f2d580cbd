"""VQA-RAD, its open questions apart (M28); closed ones and the native file are those of `medrwr.datasets.vqa_rad`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from medrwr.datasets.benchmarks.pictures import folder_of
from medrwr.datasets.benchmarks.record import Benchmark, OpenQuestion, Request
from medrwr.datasets.vqa_rad import IMAGES, SOURCE, read_vqa_rad, records_of
from medrwr.errors import ArtefactError, QuestionError
from medrwr.types import Quarantined, Question

PATTERNS = ("*.json", f"{IMAGES}/*")
_OPEN = "open question"


def read(request: Request) -> Benchmark:
    """All records, whatever the split: the release has one file, and marks its test questions in `phrase_type`."""
    folder = folder_of(request.path)
    closed, refused = read_vqa_rad(folder)
    records = {f"{SOURCE}-{record['qid']}": record for record in records_of(folder)}
    found: dict[str, OpenQuestion] = {}
    unique: dict[str, Question] = {}
    left_out = [item for item in refused if item.reason != _OPEN]
    for question in closed:
        if question.question_id in unique:
            left_out.append(Quarantined(question.question_id, SOURCE, f"repeats {question.question_id}"))
        unique.setdefault(question.question_id, question)
    for item in refused:
        if item.reason == _OPEN:
            try:
                found[item.record_id] = _open(item.record_id, records[item.record_id], folder)
            except QuestionError as error:
                left_out.append(replace(item, reason=str(error)))
    if not unique and not found:
        raise ArtefactError(f"{folder} holds no usable question of VQA-RAD ({len(left_out)} refused): fetch it again")
    return Benchmark(SOURCE, tuple(unique.values()), tuple(found.values()), tuple(left_out), folder)


def _open(name: str, record: dict[str, Any], folder: Path) -> OpenQuestion:
    image = f"{IMAGES}/{record['image_name']}"
    if not (folder / image).is_file():
        raise QuestionError(f"image {record['image_name']!r} is missing")
    split = "test" if str(record["phrase_type"]).startswith("test") else "train"
    fact = f"vqa-rad:{record['qid_linked_id']}"
    text, answers = str(record["question"]).strip(), (str(record["answer"]).strip(),)
    return OpenQuestion(name, text, answers, (image,), "open", fact, split, SOURCE)
