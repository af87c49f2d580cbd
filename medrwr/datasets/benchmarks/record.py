"""What a benchmark is once read: closed questions, open questions, and what was left out with its reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from medrwr.datasets.rows import Row, sort_out
from medrwr.errors import QuestionError
from medrwr.types import Quarantined, Question


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """A question answered in words. `answers`: accepted wordings, the first the usual one.

    Raises:
        QuestionError: no text, or no answer.
    """

    question_id: str
    text: str
    answers: tuple[str, ...]
    images: tuple[str, ...] = ()
    kind: str = ""
    fact_id: str = ""
    split: str = ""
    source: str = ""

    def __post_init__(self) -> None:
        if not self.text.strip():
            raise QuestionError(f"open question {self.question_id!r} has no text: give one")
        if not any(answer.strip() for answer in self.answers):
            raise QuestionError(f"open question {self.question_id!r} has no answer: give one")

    @property
    def options(self) -> tuple[str, ...]:
        """None: it is answered in words."""
        return ()

    @property
    def letters(self) -> str:
        """None."""
        return ""


Item = Question | OpenQuestion


@dataclass(frozen=True, slots=True)
class Benchmark:
    """One benchmark, read whole. Image paths are relative to `image_root`; an unpacked image's is absolute."""

    name: str
    closed: tuple[Question, ...]
    open: tuple[OpenQuestion, ...]
    excluded: tuple[Quarantined, ...]
    image_root: Path

    @property
    def records(self) -> int:
        """All records of the files."""
        return len(self.closed) + len(self.open) + len(self.excluded)

    @property
    def reasons(self) -> dict[str, int]:
        """How many records were left out, by reason, the commonest first; what a reason quotes does not tell apart."""
        return dict(Counter(kind_of(item.reason) for item in self.excluded).most_common())


@dataclass(frozen=True, slots=True)
class Request:
    """What is read: a `split`, from `path`. Images inside parquet or zip files are written below `unpacked`."""

    path: Path
    split: str
    unpacked: Path


class Reader(Protocol):
    """Reads one benchmark."""

    def __call__(self, request: Request, /) -> Benchmark:
        """Raises ArtefactError where there is no file of the benchmark, or nothing usable in it."""


def gather(
    name: str, rows: Iterable[Row], make: Callable[[Row, Mapping[str, Any]], Item], *, image_root: Path
) -> Benchmark:
    """Rows as a benchmark; a row on which `make` raises RecordError, or whose id was there, is left out.

    Raises:
        ArtefactError: no row is usable.
    """

    def one(row: Row, values: Mapping[str, Any]) -> dict[str, Item]:
        item = make(row, values)
        return {item.question_id: item}

    items, refused = sort_out(rows, name, one)
    return Benchmark(
        name,
        tuple(item for item in items if isinstance(item, Question)),
        tuple(item for item in items if isinstance(item, OpenQuestion)),
        tuple(refused),
        image_root,
    )


def kind_of(reason: str) -> str:
    """A reason without what it quotes: "image 'a.jpg' is missing" and "image 'b.jpg' is missing" are one."""
    import re

    plain = re.sub(r"'(?:[^'\\]|\\.)*'|\"[^\"]*\"|\([^()]*\)|\[[^\]]*\]", "..", reason)
    return re.sub(r"^repeats \S+.*", "repeats an id", plain)
