"""The records that every layer shares: frozen, plain, free of torch.

Token-level fields are tuples of ints or floats of equal length (M4): `completion_ids[i]` was sampled by the
policy exactly when `env_mask[i] == 1`; its log-probability under the sampling policy is `logprobs[i]` (nats,
0.0 where the environment inserted the token).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from medrwr.errors import QuestionError

LETTERS = "ABCDEFGHIJ"
OMIT_EMPTY = {"omit_empty": True}  # a field that JSON leaves out when it is empty (medrwr.records.to_line)


class StopReason(str, Enum):
    """Why an episode ended."""

    ANSWERED = "answered"  # the policy closed an answer block by itself
    FORCED = "forced"  # the retrieval budget was spent and the environment opened the answer block
    MALFORMED = "malformed"  # a block was opened or closed where the grammar forbids it
    LENGTH = "length"  # the completion reached its token limit
    EOS = "eos"  # the policy ended its turn without an answer
    RETRIEVER = "retriever"  # the retriever failed, retries included


@dataclass(frozen=True, slots=True)
class Question:
    """One multiple-choice question. The gold letter is derived from `answer`, an index into `options`.

    Raises:
        QuestionError: fewer than 2 or more than 10 options, empty or duplicate options, answer outside them.
    """

    question_id: str
    text: str
    options: tuple[str, ...]
    answer: int
    images: tuple[str, ...] = ()
    explanation: str = ""
    modality: str = ""
    kind: str = ""
    fact_id: str = ""
    hops: int = 1
    difficulty: str = ""
    split: str = ""
    source: str = ""
    seed: int = 0

    def __post_init__(self) -> None:
        if not 2 <= len(self.options) <= len(LETTERS):
            raise QuestionError(
                f"question {self.question_id!r} has {len(self.options)} options, expected 2 to {len(LETTERS)}: "
                "correct its `options` list"
            )
        if any(not option.strip() for option in self.options):
            raise QuestionError(f"question {self.question_id!r} has an empty option: remove it or fill it in")
        if len({option.strip().lower() for option in self.options}) != len(self.options):
            raise QuestionError(f"question {self.question_id!r} repeats an option: {self.options}: make them distinct")
        if not 0 <= self.answer < len(self.options):
            raise QuestionError(
                f"question {self.question_id!r} has answer {self.answer}, expected an index below "
                f"{len(self.options)}: correct its `answer`"
            )

    @property
    def letters(self) -> str:
        """The letters of the options, 'ABCD' for four."""
        return LETTERS[: len(self.options)]

    @property
    def gold_letter(self) -> str:
        return LETTERS[self.answer]

    @property
    def gold_text(self) -> str:
        return self.options[self.answer]


@dataclass(frozen=True, slots=True)
class Section:
    """One headed part of a document; passages never cross sections. `heading`: its path, "Treatment > Dose"."""

    heading: str
    text: str


@dataclass(frozen=True, slots=True)
class Document:
    """One source document of a knowledge base.

    `terms`: names of clinical concepts, one tuple a concept, its preferred name first.
    `date`: ISO, a year or month alone allowed; empty where unknown.
    """

    document_id: str
    title: str
    sections: tuple[Section, ...]
    source: str
    licence: str = ""
    modality: str = ""
    url: str = ""
    terms: tuple[tuple[str, ...], ...] = ()
    date: str = ""


@dataclass(frozen=True, slots=True)
class Passage:
    """A retrievable piece of one section (M7). `passage_id` is content-hashed: stable when other documents change.

    `context` names what the whole document is about; it is searched with the text, never shown to the policy.
    `date`: ISO, a year or month alone allowed; empty where unknown.
    """

    passage_id: str
    text: str
    document_id: str
    title: str = ""
    section: str = ""
    source: str = ""
    licence: str = ""
    modality: str = ""
    start: int = 0
    end: int = 0
    context: str = ""
    date: str = field(default="", metadata=OMIT_EMPTY)


@dataclass(frozen=True, slots=True)
class ScoredPassage:
    """A passage with the score that its retriever gave it (higher is better; the scale is the retriever's own)."""

    passage: Passage
    score: float


@dataclass(frozen=True, slots=True)
class ImageCase:
    """An image with its caption in the multimodal corpus (M10). `image` is a path relative to the data set's folder."""

    case_id: str
    image: str
    caption: str
    modality: str = ""
    source: str = ""
    phash: str = ""


@dataclass(frozen=True, slots=True)
class ScoredCase:
    """An image case with its cosine similarity to the query image, in [-1, 1]."""

    case: ImageCase
    score: float


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A record that was left out, and why."""

    record_id: str
    origin: str
    reason: str


@dataclass(frozen=True, slots=True)
class Turn:
    """One step of a trajectory: a thought and, unless it was the last, a query and what came back."""

    think: str
    query: str | None = None
    passages: tuple[ScoredPassage, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """A parsed answer block. `letter` is None when the block could not be parsed (wrong, and counted)."""

    letter: str | None
    text: str = ""
    raw: str = ""


@dataclass(frozen=True, slots=True)
class Trajectory:
    """One episode as it happened (M2-M4)."""

    question_id: str
    prompt_ids: tuple[int, ...]
    completion_ids: tuple[int, ...]
    env_mask: tuple[int, ...]
    logprobs: tuple[float, ...]
    turns: tuple[Turn, ...]
    answer: Answer
    stop_reason: StopReason
    text: str = ""
    confidence: float | None = None
    option_probs: tuple[float, ...] = ()
    cases: tuple[ScoredCase, ...] = ()
    extras: dict[str, Any] = field(default_factory=dict)

    @property
    def queries(self) -> tuple[str, ...]:
        return tuple(turn.query for turn in self.turns if turn.query is not None)

    @property
    def passages(self) -> tuple[ScoredPassage, ...]:
        return tuple(passage for turn in self.turns for passage in turn.passages)

    @property
    def retrieved(self) -> bool:
        return any(turn.query is not None for turn in self.turns)

    @property
    def well_formed(self) -> bool:
        """The grammar of M2 held and an answer was given, by itself or when forced to."""
        return self.stop_reason in (StopReason.ANSWERED, StopReason.FORCED) and self.answer.letter is not None


@dataclass(frozen=True, slots=True)
class Group:
    """The trajectories of one prompt (G of them), with rewards and advantages once scored."""

    question: Question
    trajectories: tuple[Trajectory, ...]
    rewards: tuple[float, ...] = ()
    advantages: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class DemonstrationStep:
    """A thought and the query that follows it. `relies_on`, unless empty, must be named by earlier steps' passages.

    `taught` is False for a step that goes wrong: it is shown, so that what follows it can be taught. With a `case`
    there is no query: the environment shows the similar case instead (M26).
    """

    think: str
    query: str
    relies_on: str = ""
    taught: bool = True
    case: ImageCase | None = None


@dataclass(frozen=True, slots=True)
class Demonstration:
    """An oracle's episode for SFT (M24): steps with queries, a last thought, then the gold answer.

    What the queries return is not part of it: the SFT stage asks the real retriever. `missed_think` is the last
    thought for when no passage names `relies_on` (empty: the gold option); where it is empty, such a demonstration is
    left out.
    """

    question: Question
    steps: tuple[DemonstrationStep, ...]
    final_think: str
    missed_think: str = ""
    relies_on: str = ""
