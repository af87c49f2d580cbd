"""What goes over the wire: requests that are checked before they reach the index, and passages as JSON."""

from __future__ import annotations

import dataclasses
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from medrwr.retrieval.filters import PassageFilter
from medrwr.types import Passage, ScoredPassage

MOST_QUERIES = 1024
_PASSAGE = TypeAdapter(Passage)


class FilterRequest(BaseModel):
    """As `PassageFilter`."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    sources: tuple[str, ...] = ()
    modalities: tuple[str, ...] = ()
    since: str = ""
    until: str = ""

    def filter(self) -> PassageFilter:
        return PassageFilter(self.sources, self.modalities, self.since, self.until)


class SearchRequest(BaseModel):
    """Body of POST /search."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    queries: tuple[str, ...] = Field(max_length=MOST_QUERIES)
    k: int | None = Field(None, ge=1, le=1000)
    where: FilterRequest | None = None


def answers_to_json(answers: list[tuple[ScoredPassage, ...]]) -> dict[str, Any]:
    """Body of the reply; floats survive exactly."""
    return {
        "answers": [
            [{"passage": dataclasses.asdict(scored.passage), "score": scored.score} for scored in answer]
            for answer in answers
        ]
    }


def answers_from_json(values: Any) -> list[tuple[ScoredPassage, ...]]:
    """The inverse of `answers_to_json`; pydantic's ValidationError, KeyError or TypeError where it does not fit."""
    return [
        tuple(ScoredPassage(_PASSAGE.validate_python(row["passage"]), float(row["score"])) for row in answer)
        for answer in values["answers"]
    ]
