"""Which curated questions a benchmark holds (M14)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from medrwr.curation.leaks import find_leaks
from medrwr.datasets.overlap import ItemSet
from medrwr.errors import ConfigError
from medrwr.records import read_records
from medrwr.types import Question


def leaks_of(questions: Sequence[Question], image_root: Path, benchmarks: Sequence[Path]) -> dict[str, str]:
    """By id, the reason why a question has to go.

    Raises:
        ConfigError: a benchmark (JSON lines, image paths relative to its folder) cannot be read whole.
    """
    made = ItemSet("curated", questions, image_root)
    leaks: dict[str, str] = {}
    for path in benchmarks:
        held, bad = read_records(path, Question)
        if bad:
            raise ConfigError(f"benchmark {path}: {bad[0].record_id}: {bad[0].reason}: it must be read whole")
        for leak in find_leaks(made, ItemSet(path.stem, held, path.parent)):
            leaks.setdefault(leak.training_id, f"overlap: its {leak.kind} is in {path.name} {leak.evaluation_id}")
    return leaks
