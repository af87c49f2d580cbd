"""`medrwr kb explain`: explanations of examination questions -> documents for the knowledge base (M9, ExpKB)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from medrwr.curation.explanations import Explained, explain
from medrwr.curation.leaks import find_leaks
from medrwr.datasets.medmcqa import read_medmcqa
from medrwr.datasets.overlap import ItemSet
from medrwr.errors import ConfigError
from medrwr.records import read_records, write_records
from medrwr.types import Quarantined, Question
from pipelines.asking import open_asker
from pipelines.cli.screen import make_console
from pipelines.tracking.progress import ProgressLine

DOCUMENTS, FILTERED, POSTPONED = "documents/explanations.jsonl", "filtered.jsonl", "postponed.jsonl"


@dataclass(frozen=True, slots=True)
class Request:
    """What the command line gave; `benchmarks` are kept out unless `leaks_allowed`."""

    questions: Path
    out: Path
    benchmarks: tuple[Path, ...] = ()
    endpoint: str = ""
    model: str = ""
    licence: str = ""
    leaks_allowed: bool = False


def kb_explain(request: Request, console: Console | None = None) -> Explained:
    """Write documents, what was filtered and why, and what is left for a later run.

    Raises:
        ConfigError: no benchmark is named and leaks are not allowed, or a benchmark cannot be read whole.
        ArtefactError: the questions cannot be read.
    """
    console = console or make_console()
    questions, bad = _read(request.questions)
    kept, leaked = _apart(questions, request)
    line = ProgressLine()
    source = request.questions.stem
    with open_asker(request.out, request.endpoint, request.model) as asker:
        found = explain(kept, asker, source=source, licence=request.licence, progress=line.update)
    line.close()
    unread = [replace(one, reason=f"question: {one.reason}") for one in bad]
    filtered = [*unread, *leaked, *found.filtered]
    write_records(request.out / DOCUMENTS, found.documents)
    write_records(request.out / FILTERED, filtered)
    write_records(request.out / POSTPONED, found.postponed)
    where = escape(str((request.out / DOCUMENTS).parent))
    console.print(f"{len(found.documents)} documents in {where}, {len(filtered)} pieces filtered")
    for reason, count in Counter(one.reason.split(":")[0] for one in filtered).most_common():
        console.print(f"  {count:6} {escape(reason)}")
    if found.postponed:
        console.print(f"{len(found.postponed)} left for a later run: {escape(found.postponed[0].reason)}")
    console.print(f"next: medrwr kb add {where}")
    return found


def _read(path: Path) -> tuple[list[Question], list[Quarantined]]:
    """Our own JSON lines, else MedMCQA's files."""
    if path.suffix == ".jsonl":
        return read_records(path, Question)
    return read_medmcqa(path)


def _apart(questions: list[Question], request: Request) -> tuple[list[Question], list[Quarantined]]:
    """The questions that no benchmark holds (M14); an explanation gives its question's answer away."""
    if not request.benchmarks and not request.leaks_allowed:
        raise ConfigError(
            "no benchmark is named: an explanation gives its question's answer away. Name each with --benchmark, or "
            "say --leaks-allowed"
        )
    sources = ItemSet(request.questions.stem, questions, request.questions.parent)
    leaks: dict[str, str] = {}
    for path in request.benchmarks:
        held, bad = _read(path)
        if bad and path.suffix == ".jsonl":
            raise ConfigError(f"benchmark {path}: {bad[0].record_id}: {bad[0].reason}: it must be read whole")
        for leak in find_leaks(sources, ItemSet(path.stem, held, path.parent)):
            leaks.setdefault(leak.training_id, f"overlap: its question is in {path.name} {leak.evaluation_id}")
    kept = [question for question in questions if question.question_id not in leaks]
    return kept, [Quarantined(name, sources.name, reason) for name, reason in sorted(leaks.items())]
