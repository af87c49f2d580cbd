"""PMC-VQA (Zhang et al. 2023, arXiv:2305.10415): four options about figures of articles.

Native: CSV (test.csv, test_2.csv, test_clean.csv) with `Figure_path`, `Question`, `Choice A` to `Choice D`
("A:Uterus"), and the right letter in `Answer_label`, or, from version 2 on, in `Answer`; images.zip or images_2.zip.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from typing import Any

from medrwr.datasets.benchmarks.fields import need_text, place_of
from medrwr.datasets.benchmarks.files import data_files
from medrwr.datasets.benchmarks.pictures import Pictures, folder_of
from medrwr.datasets.benchmarks.record import Benchmark, Request, gather
from medrwr.datasets.benchmarks.tables import read_table
from medrwr.datasets.rows import Row, text_of
from medrwr.types import Question

SOURCE = "pmc-vqa"
PATTERNS = ("*.csv", "images*.zip")
_CHOICES = "ABCD"


def read(request: Request) -> Benchmark:
    """All of the split. Where a folder holds several versions, their rows are read one after the other."""
    folder = folder_of(request.path)
    files = data_files(request.path, request.split, suffixes=(".csv",))
    pictures = Pictures(folder, request.unpacked, below=("images", "figures", "images_2"))
    make = partial(_question, split=request.split, pictures=pictures)
    return gather(SOURCE, read_table(files), make, image_root=folder)


def _question(row: Row, values: Mapping[str, Any], *, split: str, pictures: Pictures) -> Question:
    figure = need_text(values, "Figure_path")
    options = tuple(
        re.sub(rf"^{letter}\s*[:.]\s*", "", need_text(values, f"Choice {letter}")).strip() for letter in _CHOICES
    )
    return Question(
        question_id=f"{SOURCE}-{row.place}",
        text=need_text(values, "Question"),
        options=options,
        answer=place_of(text_of(values, "Answer_label") or need_text(values, "Answer"), options),
        images=(pictures.named(figure),),
        fact_id=figure,
        split=split,
        source=SOURCE,
    )
