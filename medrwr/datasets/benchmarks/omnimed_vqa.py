"""OmniMedVQA (Hu et al. 2024, arXiv:2402.09181): 2 to 4 options, images of 12 modalities.

Native: one JSON array a source data set, in QA_information/Open-access (and Restricted-access), of `question_id`,
`dataset`, `question`, `option_A` to `option_D`, `gt_answer` (the option's text), `image_path`, `question_type`,
`modality_type`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from medrwr.datasets.benchmarks.fields import need_text, place_of
from medrwr.datasets.benchmarks.files import data_files
from medrwr.datasets.benchmarks.pictures import Pictures, folder_of
from medrwr.datasets.benchmarks.record import Benchmark, Request, gather
from medrwr.datasets.rows import Row, read_rows, text_of
from medrwr.types import Question

SOURCE = "omnimedvqa"
PATTERNS = ("QA_information/**/*.json", "Images/**", "*.zip")


def read(request: Request) -> Benchmark:
    """All its questions: the set has no splits."""
    folder = folder_of(request.path)
    files = data_files(request.path, request.split, suffixes=(".json",), part="QA_information")
    make = partial(_question, split=request.split, pictures=Pictures(folder, request.unpacked))
    return gather(SOURCE, read_rows(files), make, image_root=folder)


def _question(_row: Row, values: Mapping[str, Any], *, split: str, pictures: Pictures) -> Question:
    name, image = need_text(values, "question_id"), need_text(values, "image_path")
    options = tuple(text for letter in "ABCD" if (text := text_of(values, f"option_{letter}")))
    return Question(
        question_id=f"{SOURCE}-{text_of(values, 'dataset') or 'set'}-{name}",
        text=need_text(values, "question"),
        options=options,
        answer=place_of(need_text(values, "gt_answer"), options),
        images=(pictures.named(image),),
        modality=text_of(values, "modality_type").lower(),
        kind=text_of(values, "question_type").lower(),
        fact_id=image,
        split=split,
        source=SOURCE,
    )
