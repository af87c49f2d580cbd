"""Another model's completions instead of a model that is asked: scored in the same way, over the same questions."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from medrwr.datasets.benchmarks.record import Item
from medrwr.digests import file_digest
from medrwr.errors import ArtefactError
from medrwr.evaluation.runs.answered import Answered, completed, completed_open
from medrwr.evaluation.scoring.modes import mode_of
from medrwr.types import Quarantined, Question

_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Completions:
    """Completions by question id. A question without one is answered by nothing: wrong, and counted."""

    name: str
    digests: Mapping[str, str]
    by_question: Mapping[str, str]
    scoring: str
    note: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    batch_size: int = _BATCH

    def play(
        self, benchmark: str, questions: Sequence[Item], image_root: Path, clusters: Mapping[str, str]
    ) -> Iterator[Answered | Quarantined]:
        """See `pipelines.benchmarking.playing.Answering`; no image is opened."""
        del image_root
        mode = mode_of(self.scoring)
        for question in questions:
            name = question.question_id
            written = self.by_question.get(name, "").strip()
            if isinstance(question, Question):
                yield completed(benchmark, question, written, clusters[name], mode)
            else:
                yield completed_open(benchmark, question, written, clusters[name])


def read_completions(path: Path, scoring: str, asked: Sequence[str]) -> Completions:
    """JSON lines of `question_id` and `completion`.

    Args:
        asked: the ids of all questions; completions of others are told in the note.

    Raises:
        ArtefactError: no such file, a line that is none, or a question twice.
        ConfigError: there is no such way of scoring.
    """
    mode_of(scoring)
    if not path.is_file():
        raise ArtefactError(f"--completions {path} does not exist: give JSON lines of question_id and completion")
    found: dict[str, str] = {}
    for number, line in enumerate(path.read_bytes().splitlines(), start=1):
        if line.strip():
            name, completion = _read(line, f"{path}:{number}")
            if name in found:
                raise ArtefactError(f"{path}:{number} repeats question {name!r}: give one completion a question")
            found[name] = completion
    strangers = len(found.keys() - set(asked))
    missing = len(set(asked) - found.keys())
    told = [f"{missing} questions have no completion, and are wrong"] if missing else []
    told += [f"{strangers} completions are of no question asked"] if strangers else []
    return Completions(str(path), {"completions": file_digest(path)}, found, scoring, "; ".join(told))


def _read(line: bytes, place: str) -> tuple[str, str]:
    try:
        values = json.loads(line)
        name, completion = values["question_id"], values["completion"]
    except (ValueError, KeyError, TypeError):
        name = completion = None
    if not isinstance(name, str) or not isinstance(completion, str):
        raise ArtefactError(f'{place} is no completion: expected {{"question_id": "..", "completion": ".."}}')
    return name, completion
