"""MedXpertQA (Zuo et al. 2025, arXiv:2501.18362): expert questions, text (ten options) and MM (five, with images).

Native: JSON lines, Text/{dev,test}.jsonl and MM/{dev,test}.jsonl, with `id` ("Text-20", "MM-26"), `question`,
`options` ({"A": text}, or [{"letter", "content"}] in the authors' evaluation files), `label` ("J" or ["J"]),
`question_type` (Reasoning, Understanding) and, in MM, `images`; images.zip. The options are repeated inside
`question`: taken off here, as the prompt lists them.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from medrwr.datasets.benchmarks.fields import need_text, options_of, place_of
from medrwr.datasets.benchmarks.files import data_files
from medrwr.datasets.benchmarks.pictures import Pictures, folder_of
from medrwr.datasets.benchmarks.record import Benchmark, Request, gather
from medrwr.datasets.rows import Row, read_rows, text_of
from medrwr.errors import QuestionError
from medrwr.types import Question

PATTERNS = ("Text/*.jsonl", "MM/*.jsonl", "images.zip")
_INLINED = "\nAnswer Choices:"


def read_text(request: Request) -> Benchmark:
    """The text questions."""
    return _read(request, "Text")


def read_mm(request: Request) -> Benchmark:
    """The questions with images."""
    return _read(request, "MM")


def _read(request: Request, part: str) -> Benchmark:
    folder = folder_of(request.path)
    pictures = Pictures(folder, request.unpacked)
    rows = read_rows(data_files(request.path, request.split, suffixes=(".jsonl", ".json"), part=part))
    make = partial(_question, part=part, split=request.split, pictures=pictures)
    return gather(f"medxpertqa-{part.lower()}", rows, make, image_root=folder)


def _question(_row: Row, values: Mapping[str, Any], *, part: str, split: str, pictures: Pictures) -> Question:
    name = need_text(values, "id")
    if not name.startswith(part):
        raise QuestionError(f"is of another part: id {name!r}, expected {part}-..")
    options, images = options_of(values.get("options")), values.get("images") or []
    if part == "MM" and not images:
        raise QuestionError("has no `images`")
    return Question(
        question_id=f"medxpertqa-{name}",
        text=need_text(values, "question").partition(_INLINED)[0].strip(),
        options=options,
        answer=place_of(values.get("label"), options),
        images=tuple(pictures.named(image) for image in images),
        kind=text_of(values, "question_type").lower(),
        fact_id=f"medxpertqa-{name}",
        split=split,
        source=f"medxpertqa-{part.lower()}",
    )
