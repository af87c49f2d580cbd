"""PathVQA (He et al. 2020, arXiv:2003.10286): pathology images with yes/no and open questions.

Native: parquet with `image` (its bytes), `question`, `answer`; or JSON lines with `image` a file's name. Records have
no id: theirs is file and row.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from medrwr.datasets.benchmarks.fields import YES_NO, need_text, yes_or_no
from medrwr.datasets.benchmarks.files import data_files
from medrwr.datasets.benchmarks.pictures import Pictures, folder_of
from medrwr.datasets.benchmarks.record import Benchmark, Item, OpenQuestion, Request, gather
from medrwr.datasets.rows import Row, read_rows
from medrwr.types import Question

SOURCE = "path-vqa"
PATTERNS = ("data/*.parquet", "*.parquet", "*.jsonl")


def read(request: Request) -> Benchmark:
    """Yes/no questions closed, all others open."""
    folder = folder_of(request.path)
    rows = read_rows(data_files(request.path, request.split, suffixes=(".parquet", ".jsonl", ".json")))
    make = partial(_item, split=request.split, pictures=Pictures(folder, request.unpacked))
    return gather(SOURCE, rows, make, image_root=folder)


def _item(row: Row, values: Mapping[str, Any], *, split: str, pictures: Pictures) -> Item:
    key, text, answer = f"{SOURCE}-{row.place}", need_text(values, "question"), need_text(values, "answer")
    image = pictures.embedded(values.get("image"))
    place = yes_or_no(answer)
    if place is None:
        return OpenQuestion(key, text, (answer,), (image,), "open", image, split, SOURCE)
    return Question(key, text, YES_NO, place, (image,), kind="yes/no", fact_id=image, split=split, source=SOURCE)
