"""ECBench's format: questions about echocardiograms (arXiv 2510.18303). The set itself is not public.

A JSON array or JSON lines of `id`, `question`, `options` (a list, or letters with texts), `answer` (a letter or the
option's text), `images` (a list of paths, or one), and `view` or `type`.
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

SOURCE = "ecbench"
PATTERNS = ("*.json", "*.jsonl", "images/*", "*.zip")


def read(request: Request) -> Benchmark:
    """All its questions."""
    folder = folder_of(request.path)
    rows = read_rows(data_files(request.path, request.split, suffixes=(".json", ".jsonl")))
    make = partial(_question, split=request.split, pictures=Pictures(folder, request.unpacked))
    return gather(SOURCE, rows, make, image_root=folder)


def _question(row: Row, values: Mapping[str, Any], *, split: str, pictures: Pictures) -> Question:
    images = values.get("images", values.get("image"))
    images = [images] if isinstance(images, str) else images
    if not isinstance(images, list) or not images:
        raise QuestionError(f"has the images {images!r}, expected a list of paths")
    options = options_of(values.get("options"))
    name = values.get("id")
    return Question(
        question_id=f"{SOURCE}-{name if isinstance(name, int | str) else row.place}",
        text=need_text(values, "question", "problem"),
        options=options,
        answer=place_of(values.get("answer"), options),
        images=tuple(pictures.named(image) for image in images),
        modality="echocardiography",
        kind=text_of(values, "type") or text_of(values, "view"),
        fact_id=str(images[0]),
        split=split,
        source=SOURCE,
    )
