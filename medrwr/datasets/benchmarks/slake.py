"""SLAKE (Liu et al. 2021, arXiv:2102.09542): questions in English and Chinese about 642 images, kept apart here.

Native: train.json, validation.json, test.json, lists of `qid`, `img_name` ("xmlab102/source.jpg", below imgs/),
`question`, `answer`, `q_lang` (en, zh), `answer_type` (OPEN, CLOSED), `content_type`, `modality`. A closed question
that asks to choose between two words lists no options: it is left out, with its reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from medrwr.datasets.benchmarks.fields import YES_NO, need_text, yes_or_no
from medrwr.datasets.benchmarks.files import data_files
from medrwr.datasets.benchmarks.pictures import Pictures, folder_of
from medrwr.datasets.benchmarks.record import Benchmark, Item, OpenQuestion, Request, gather
from medrwr.datasets.rows import Row, read_rows, text_of
from medrwr.errors import QuestionError
from medrwr.types import Question

PATTERNS = ("*.json", "imgs.zip", "imgs/*/source.jpg")
_CHINESE = (
    ("是", "是的", "有", "存在", "对", "能", "可以"),
    ("否", "不是", "没有", "无", "不存在", "不对", "不能", "不可以"),
)


def read_en(request: Request) -> Benchmark:
    """The English questions."""
    return _read(request, "en")


def read_zh(request: Request) -> Benchmark:
    """The Chinese questions."""
    return _read(request, "zh")


def _read(request: Request, language: str) -> Benchmark:
    folder = folder_of(request.path)
    rows = read_rows(data_files(request.path, request.split, suffixes=(".json",)))
    pictures = Pictures(folder, request.unpacked)
    make = partial(_item, language=language, split=request.split, pictures=pictures)
    return gather(f"slake-{language}", rows, make, image_root=folder)


def _item(_row: Row, values: Mapping[str, Any], *, language: str, split: str, pictures: Pictures) -> Item:
    found = need_text(values, "q_lang")
    if found != language:
        raise QuestionError(f"is in another language: {found!r}")
    source = f"slake-{language}"
    if not isinstance(values.get("qid"), int | str):
        raise QuestionError("has no `qid`")
    key, text, answer = f"{source}-{values['qid']}", need_text(values, "question"), need_text(values, "answer")
    name = need_text(values, "img_name")
    image, kind = (pictures.named(name),), text_of(values, "content_type").lower()
    if need_text(values, "answer_type").upper() == "OPEN":
        return OpenQuestion(key, text, (answer,), image, kind, name, split, source)
    place = yes_or_no(answer) if language == "en" else _chinese(answer)
    if place is None:
        raise QuestionError(f"closed question answered {answer!r}, neither yes nor no: its options are not listed")
    options = YES_NO if language == "en" else (_CHINESE[0][0], _CHINESE[1][0])
    return Question(key, text, options, place, image, kind=kind, fact_id=name, split=split, source=source)


def _chinese(answer: str) -> int | None:
    return next((place for place, words in enumerate(_CHINESE) if answer.strip("。. ") in words), None)
