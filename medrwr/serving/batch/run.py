"""One run of batch scoring: reads, scores and keeps a piece at a time; killed and run again, it goes on."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from medrwr.serving.batch.parts import REASON, Parts
from medrwr.serving.batch.rows import Row, Source
from medrwr.serving.batch.scoring import Scorer

ROWS_A_PART = 64


@dataclass(frozen=True, slots=True)
class BatchJob:
    """What to score, and where the result goes."""

    source: Source
    output: Path
    rows_a_part: int = ROWS_A_PART


@dataclass(frozen=True, slots=True)
class Progress:
    """Rows dealt with so far, those of earlier runs included, of all; and how many of them are in quarantine."""

    done: int
    total: int
    quarantined: int
    resumed: int


def predict(job: BatchJob, scorer: Scorer, report: Callable[[Progress], None]) -> Progress:
    """Score every row that no earlier run has scored; a finished run is left as it is.

    Raises:
        ArtefactError: output or pieces are of another run.
        MedrwrError: the scorer failed; what was scored is kept.
    """
    parts = Parts(job.output, _claim(job, scorer))
    total = job.source.count()
    if parts.finished:
        return Progress(total, total, _lines(parts.quarantine), total)
    parts.begin()
    progress = Progress(0, total, 0, 0)
    count = 0
    for count, rows in enumerate(_chunks(job), start=1):
        number, resumed = count - 1, progress.resumed
        if parts.has(number):
            resumed += len(rows)
        else:
            parts.write(number, _scored(rows, scorer))
        bad = progress.quarantined + parts.quarantined(number)
        progress = Progress(progress.done + len(rows), total, bad, resumed)
        report(progress)
    parts.join(count)
    return progress


def _claim(job: BatchJob, scorer: Scorer) -> dict[str, Any]:
    source = job.source
    asked = {"question": source.question, "options": list(source.options)}
    return {"input": source.digest(), **asked, "scorer": scorer.identity, "rows_a_part": job.rows_a_part}


def _chunks(job: BatchJob) -> Iterator[list[Row]]:
    rows = job.source.rows()
    while chunk := list(itertools.islice(rows, job.rows_a_part)):
        yield chunk


def _scored(rows: Sequence[Row], scorer: Scorer) -> list[dict[str, Any]]:
    asks = [row.ask for row in rows if row.ask is not None]
    results = iter(scorer.score(asks)) if asks else iter(())
    table = []
    for row in rows:
        named = {"row": row.number, "id": row.row_id, "question": row.ask.question if row.ask else None}
        result = row.reason if row.ask is None else next(results)
        table.append({**named, **({REASON: result} if isinstance(result, str) else asdict(result))})
    return table


def _lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines()) if path.is_file() else 0
