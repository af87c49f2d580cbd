"""MMMU (Yue et al. 2024, arXiv:2311.16502) and MMMU-Pro (arXiv:2409.02813): their Health & Medicine subjects.

Native: parquet (or JSON) with `id` ("validation_Clinical_Medicine_1"), `question`, `options` (a list printed by
Python), `answer` (a letter; "?" where it is kept secret), `image_1` to `image_7`, `question_type` (MMMU:
multiple-choice or open) and `subject` (MMMU-Pro). MMMU-Pro lies in the folders "standard (4 options)" and "standard
(10 options)".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from medrwr.datasets.benchmarks.fields import need_text, options_of, place_of
from medrwr.datasets.benchmarks.files import data_files
from medrwr.datasets.benchmarks.pictures import Pictures, folder_of
from medrwr.datasets.benchmarks.record import Benchmark, Item, OpenQuestion, Request, gather
from medrwr.datasets.rows import Row, read_rows, text_of
from medrwr.errors import QuestionError
from medrwr.types import Question

SUBJECTS = (
    "Basic_Medical_Science",
    "Clinical_Medicine",
    "Diagnostics_and_Laboratory_Medicine",
    "Pharmacy",
    "Public_Health",
)
PATTERNS = tuple(f"{subject}/*.parquet" for subject in SUBJECTS)
PRO_PATTERNS = ("standard*/*.parquet",)


@dataclass(frozen=True, slots=True)
class _Form:
    """A release: its name, the folder of its files, and how many options a question may have."""

    name: str
    part: str
    most_options: int


def read_mmmu(request: Request) -> Benchmark:
    """MMMU: validation has answers, test has none."""
    return _read(request, _Form("mmmu", "", 10))


def read_pro_4(request: Request) -> Benchmark:
    """MMMU-Pro with four options."""
    return _read(request, _Form("mmmu-pro-4", "4 options", 4))


def read_pro_10(request: Request) -> Benchmark:
    """MMMU-Pro with up to ten options."""
    return _read(request, _Form("mmmu-pro-10", "10 options", 10))


def _read(request: Request, form: _Form) -> Benchmark:
    folder = folder_of(request.path)
    rows = read_rows(data_files(request.path, request.split, part=form.part))
    make = partial(_item, form=form, split=request.split, pictures=Pictures(folder, request.unpacked))
    return gather(form.name, rows, make, image_root=folder)


def _item(_row: Row, values: Mapping[str, Any], *, form: _Form, split: str, pictures: Pictures) -> Item:
    name = need_text(values, "id")
    subject = text_of(values, "subject") or re.sub(r"^[a-z]+_|_\d+$", "", name)
    if subject.replace(" ", "_") not in SUBJECTS:
        raise QuestionError(f"is of the subject {subject!r}, not Health & Medicine")
    text, answer, key = need_text(values, "question"), values.get("answer"), f"{form.name}-{name}"
    if answer == "?":
        raise QuestionError("has the answer '?': this split's answers are not published")
    cells = [values.get(f"image_{number}") for number in range(1, 8)]
    images = tuple(pictures.embedded(cell) for cell in cells if cell is not None)
    _check_markers(text, len(images))
    if text_of(values, "question_type") == "open":
        return OpenQuestion(key, text, _accepted(answer), images, subject, key, split, form.name)
    options = options_of(values.get("options"))
    if len(options) > form.most_options:
        raise QuestionError(f"has {len(options)} options, expected at most {form.most_options}")
    place = place_of(answer, options)
    return Question(key, text, options, place, images, kind=subject, fact_id=key, split=split, source=form.name)


def _check_markers(text: str, images: int) -> None:
    """The text's "<image 2>" needs a second image."""
    named = [int(number) for number in re.findall(r"<image (\d+)>", text)]
    if max(named, default=0) > images:
        raise QuestionError(f"names <image {max(named)}> but has {images} images")


def _accepted(answer: object) -> tuple[str, ...]:
    if isinstance(answer, str) and answer.strip().startswith("["):
        return options_of(answer)
    return (str(answer or ""),)
