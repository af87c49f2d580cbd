"""What a medrwr server answers, as records: the client's side of `/v1/answers`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from medrwr.errors import ServerError


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage that the model read; `score` is its retriever's own, higher is better."""

    id: str
    title: str
    text: str
    source: str
    score: float


@dataclass(frozen=True, slots=True)
class Step:
    """A thought and, unless it was the last, a query and what it found."""

    think: str
    query: str | None = None
    passages: tuple[Passage, ...] = ()


@dataclass(frozen=True, slots=True)
class SimilarCase:
    """A case that was put beside the scan; `image` is a data URL, or '' where the case has none any more."""

    case_id: str
    caption: str
    score: float
    image: str = ""


@dataclass(frozen=True, slots=True)
class ServedModel:
    """The version that answered, and its checkpoint's SHA-256."""

    name: str
    version: str
    digest: str


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer of the server. `letter` is '' when none could be read; `option_probs` are by letter, sum 1."""

    id: str
    model: ServedModel
    letter: str
    answer: str
    option_probs: dict[str, float]
    confidence: float
    abstained: bool
    reretrieved: bool
    stop_reason: str
    trajectory: tuple[Step, ...]
    sources: tuple[Passage, ...]
    similar_cases: tuple[SimilarCase, ...]
    index: dict[str, str]
    calibrated: bool = False
    text: str = ""
    timings: dict[str, float] | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a stream: `kind` is delta, think, query, retrieve, cases or answer; `data` is its JSON."""

    kind: str
    data: Mapping[str, Any]

    @property
    def answered(self) -> Answered | None:
        """The answer, of the last event."""
        return to_answered(self.data) if self.kind == "answer" else None


def to_answered(values: Mapping[str, Any]) -> Answered:
    """The record of a server's answer; fields that this version does not know are left out.

    Raises:
        ServerError: a field is missing or of another type.
    """
    try:
        return TypeAdapter(Answered).validate_python(dict(values))
    except ValidationError as error:
        first = error.errors()[0]
        reason = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
        raise ServerError(f"the server's answer is not of this client's version ({reason}): update the two") from None
