"""What reconstruction makes of a case (M12): first what it says, in four parts, then a question."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from medrwr.errors import ReplyError

Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class CaseRecord:
    """A case in the four parts of M12; a part of which the caption says nothing is empty.

    Attributes:
        clinical_information: who it is and why they came.
        observation: what is seen on the image.
        analysis: how the one leads to the other.
        conclusion: diagnosis or impression, in a few words.
    """

    clinical_information: str
    observation: str
    analysis: str
    conclusion: str


@dataclass(frozen=True, slots=True)
class DraftItem:
    """A question as the language model wrote it; `answer` is an index into `options`, in no particular order yet."""

    question: str
    options: tuple[str, ...]
    answer: int
    explanation: str


@dataclass(frozen=True, slots=True)
class ExplanationRecord:
    """What an explanation says, in the four lists of sentences of M9; each may be empty."""

    medical_terminology: tuple[str, ...]
    symptoms_and_signs: tuple[str, ...]
    disease_manifestations: tuple[str, ...]
    treatment_protocols: tuple[str, ...]


def reader(kind: type[Made]) -> Callable[[str], Made]:
    """Reads a reply as `kind`, strictly: every field, no other one, each of its type.

    Raises (when called):
        ReplyError: the reply is no such JSON object.
    """
    adapter = TypeAdapter(kind)

    def read(text: str) -> Made:
        try:
            return adapter.validate_json(_without_fence(text), extra="forbid")
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"])) or "reply"
            raise ReplyError(f"{where}: {first['msg']}: {text[:60]!r}") from None

    return read


def schema(kind: type[Any]) -> dict[str, Any]:
    """JSON schema of `kind` as strict structured output wants it: no further property."""
    return {**TypeAdapter(kind).json_schema(), "additionalProperties": False}


def _without_fence(text: str) -> str:
    """The reply without the Markdown fence that many models put around JSON."""
    lines = text.strip().splitlines()
    fenced = len(lines) > 2 and lines[0].startswith("```") and lines[-1].strip() == "```"
    return "\n".join(lines[1:-1]) if fenced else text
