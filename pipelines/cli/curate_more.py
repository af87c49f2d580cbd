"""`medrwr curate-book` and `medrwr curate-feedback`: a book's practice questions, and what readers said of answers."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from medrwr.curation.book import BookItem, read_book
from medrwr.curation.feedback import read_feedback
from medrwr.errors import ArtefactError, RecordError
from medrwr.records import write_records, write_text_atomic
from medrwr.retrieval.images import open_image
from medrwr.types import LETTERS, Quarantined, Question
from pipelines.cli.leaking import leaks_of
from pipelines.cli.screen import make_console

BENCHMARK, QUESTIONS, REJECTED = "test.json", "questions.jsonl", "rejected.jsonl"


def curate_book(book: Path, out: Path, *, view: str = "", console: Console | None = None) -> int:
    """Write ECBench's format to `out`/test.json, its images beside it; returns how many items are good.

    Raises:
        ArtefactError: the book is missing, or no item of it is usable.
    """
    if not book.is_file():
        raise ArtefactError(f"book {book} does not exist: give a Markdown file")
    rows: list[dict[str, object]] = []
    rejected: list[Quarantined] = []
    for place, item in enumerate(read_book(book.read_text(encoding="utf-8", errors="replace")), start=1):
        name = f"{book.stem}-{place}"
        try:
            item.check()
            rows.append(_row(name, item, _copied(name, item, book.parent, out), view))
        except RecordError as error:
            rejected.append(Quarantined(name, book.name, f"{error} (question {item.number})"))
    if not rows:
        first = f", the first: {rejected[0].reason}" if rejected else ": it has no numbered question"
        raise ArtefactError(f"book {book} has no usable item ({len(rejected)} rejected{first})")
    write_records(out / REJECTED, rejected)
    write_text_atomic(out / BENCHMARK, json.dumps(rows, ensure_ascii=False, indent=1) + "\n")
    _say(console or make_console(), len(rows), out / BENCHMARK, rejected)
    return len(rows)


def curate_feedback(
    feedback: Path, out: Path, *, benchmarks: Sequence[Path] = (), console: Console | None = None
) -> list[Question]:
    """Write the questions that readers settled, without what a benchmark holds (M14), to `out`.

    Raises:
        ArtefactError: the file does not exist.
        ConfigError: a benchmark cannot be read whole.
    """
    questions, rejected = read_feedback(feedback)
    leaks = leaks_of(questions, feedback.parent, benchmarks)
    kept = [question for question in questions if question.question_id not in leaks]
    rejected += [Quarantined(name, "feedback", reason) for name, reason in sorted(leaks.items())]
    write_records(out / REJECTED, rejected)
    write_records(out / QUESTIONS, kept)
    _say(console or make_console(), len(kept), out / QUESTIONS, rejected)
    return kept


def _row(name: str, item: BookItem, images: list[str], view: str) -> dict[str, object]:
    options = dict(zip(LETTERS, item.options, strict=False))
    texts = {"id": name, "question": item.question, "options": options, "answer": item.answer}
    return {**texts, "explanation": item.explanation, "images": images, "type": view or item.chapter}


def _copied(name: str, item: BookItem, root: Path, out: Path) -> list[str]:
    """The item's images, decoded once and copied below `out`; their new names.

    Raises:
        RecordError: one is missing, broken, or outside of the book's folder.
    """
    sources = [(root / image).resolve() for image in item.images]
    for image, source in zip(item.images, sources, strict=True):
        if not source.is_relative_to(root.resolve()):
            raise RecordError(f"image: {image!r} lies outside of the book's folder")
        open_image(source)
    names = [f"images/{name}-{number}{source.suffix.lower()}" for number, source in enumerate(sources, start=1)]
    (out / "images").mkdir(parents=True, exist_ok=True)
    for source, target in zip(sources, names, strict=True):
        shutil.copyfile(source, out / target)
    return names


def _say(console: Console, count: int, where: Path, rejected: Sequence[Quarantined]) -> None:
    console.print(f"{count} questions in {escape(str(where))}, {len(rejected)} rejected")
    for reason, times in Counter(one.reason.split(":")[0] for one in rejected).most_common():
        console.print(f"  {times:6} {escape(reason)}")
