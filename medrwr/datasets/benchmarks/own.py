"""The clinic's test questions, or one's own in the same form: JSON lines of `medrwr.types.Question`."""

from __future__ import annotations

from pathlib import Path

from medrwr.datasets.benchmarks.record import Benchmark, Request
from medrwr.errors import ArtefactError
from medrwr.records import read_records
from medrwr.types import Quarantined, Question

SOURCE = "clinic"
PATTERNS = ("questions/*.jsonl", "images/*")


def read(request: Request) -> Benchmark:
    """`path`: a folder with questions/<split>.jsonl and images, or one such file; images are relative to the folder.

    Raises:
        ArtefactError: the file is missing, or holds nothing usable.
    """
    path = request.path
    file = path if path.is_file() else path / "questions" / f"{request.split}.jsonl"
    root = file.parent.parent if file.parent.name == "questions" else file.parent
    questions, refused = read_records(file, Question)
    kept: dict[str, Question] = {}
    for question in questions:
        if reason := _reason(question, kept, root):
            refused.append(Quarantined(question.question_id, SOURCE, reason))
        else:
            kept[question.question_id] = question
    if not kept:
        first = f"; {refused[0].record_id}: {refused[0].reason}" if refused else ""
        raise ArtefactError(f"{file} holds no usable question ({len(refused)} refused{first})")
    return Benchmark(SOURCE, tuple(kept.values()), (), tuple(refused), root)


def _reason(question: Question, kept: dict[str, Question], root: Path) -> str:
    if question.question_id in kept:
        return f"repeats {question.question_id}"
    return next((f"image {image!r} is missing" for image in question.images if not (root / image).is_file()), "")
