"""MIRAGE's five sets (Xiong et al. 2024, arXiv:2402.13178), from their native files.

MIRAGE asks without the abstract (PubMedQA) and without the snippets (BioASQ): finding them is retrieval's work. Of
BioASQ only the yes/no questions are asked; the others are left out, with their type as the reason.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from medrwr.datasets import medmcqa, medqa
from medrwr.datasets.benchmarks.fields import YES_NO, need_text, place_of, yes_or_no
from medrwr.datasets.benchmarks.files import data_files
from medrwr.datasets.benchmarks.pictures import folder_of
from medrwr.datasets.benchmarks.record import Benchmark, Request, gather
from medrwr.datasets.benchmarks.tables import read_table
from medrwr.datasets.rows import Row
from medrwr.errors import ArtefactError, QuestionError
from medrwr.types import Quarantined, Question

MMLU_PATTERNS = ("*.csv", "**/*_test.csv")
JSON_PATTERNS = ("**/*.json",)
_MMLU = ("question", "A", "B", "C", "D", "answer")
_DECISIONS = ("yes", "no", "maybe")


def read_medqa(request: Request) -> Benchmark:
    """MedQA-USMLE, four options where both releases lie there."""
    return _exam("medqa", medqa.read_medqa, request)


def read_medmcqa(request: Request) -> Benchmark:
    """MedMCQA; MIRAGE asks its validation split (dev.json), as the test split has no answers."""
    return _exam("medmcqa", medmcqa.read_medmcqa, request)


def read_mmlu(request: Request) -> Benchmark:
    """MMLU's medical subjects (Hendrycks et al. 2021): CSV without a header, a subject a file ("anatomy_test.csv")."""
    rows = read_table(data_files(request.path, request.split, suffixes=(".csv",)), names=_MMLU)
    return gather("mmlu-med", rows, partial(_mmlu, split=request.split), image_root=folder_of(request.path))


def read_pubmedqa(request: Request) -> Benchmark:
    """PubMedQA (Jin et al. 2019, arXiv:1909.06146): JSON, PubMed id -> QUESTION, final_decision (yes, no, maybe)."""
    rows = _keyed(data_files(request.path, request.split, suffixes=(".json",)))
    return gather("pubmedqa", rows, partial(_pubmedqa, split=request.split), image_root=folder_of(request.path))


def read_bioasq(request: Request) -> Benchmark:
    """BioASQ task B (Tsatsaronis et al. 2015): golden files, {"questions": [{body, type, exact_answer, id}]}."""
    rows = _listed(data_files(request.path, request.split, suffixes=(".json",)))
    return gather("bioasq", rows, partial(_bioasq, split=request.split), image_root=folder_of(request.path))


def _exam(name: str, read: Callable[..., tuple[list[Question], list[Quarantined]]], request: Request) -> Benchmark:
    closed, refused = read(request.path, split=request.split)
    return Benchmark(name, tuple(closed), (), tuple(refused), folder_of(request.path))


def _mmlu(row: Row, values: Mapping[str, Any], *, split: str) -> Question:
    options = tuple(need_text(values, letter) for letter in "ABCD")
    key, subject = f"mmlu-{row.place}", row.place.partition(".")[0].removesuffix(f"_{split}")
    place = place_of(need_text(values, "answer"), options)
    text = need_text(values, "question")
    return Question(key, text, options, place, kind=subject, fact_id=key, split=split, source="mmlu-med")


def _pubmedqa(row: Row, values: Mapping[str, Any], *, split: str) -> Question:
    decision, key = need_text(values, "final_decision"), f"pubmedqa-{row.place}"
    place = place_of(decision, _DECISIONS)
    return Question(key, need_text(values, "QUESTION"), _DECISIONS, place, fact_id=key, split=split, source="pubmedqa")


def _bioasq(_row: Row, values: Mapping[str, Any], *, split: str) -> Question:
    name, kind, text = need_text(values, "id"), need_text(values, "type"), need_text(values, "body")
    if kind != "yesno":
        raise QuestionError(f"{kind} question: MIRAGE asks those answered yes or no")
    place = yes_or_no(need_text(values, "exact_answer"))
    if place is None:
        raise QuestionError(f"has the exact_answer {values['exact_answer']!r}, expected yes or no")
    key = f"bioasq-{name}"
    return Question(key, text, YES_NO, place, fact_id=key, split=split, source="bioasq")


def _keyed(files: list[Path]) -> Iterator[Row]:
    for file in files:
        whole = _json(file)
        for key, values in whole.items() if isinstance(whole, dict) else ():
            record = values if isinstance(values, dict) else None
            yield Row(str(key), record, "" if record is not None else "is no object")


def _listed(files: list[Path]) -> Iterator[Row]:
    for file in files:
        whole = _json(file)
        listed = whole.get("questions") if isinstance(whole, dict) else None
        for number, values in enumerate(listed if isinstance(listed, list) else (), start=1):
            record = values if isinstance(values, dict) else None
            yield Row(f"{file.name}:{number}", record, "" if record is not None else "is no object")


def _json(file: Path) -> Any:
    try:
        return json.loads(file.read_bytes())
    except (ValueError, RecursionError) as error:
        raise ArtefactError(f"{file} is no JSON ({error}): fetch the data set again") from None
