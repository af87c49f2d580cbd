"""What comes back: answer, confidence, the way to it, and its sources."""

from __future__ import annotations

from dataclasses import dataclass

from medrwr.rollout.protocol import RETRIEVE, closing, render_passages
from medrwr.types import LETTERS, Question, ScoredCase, Trajectory, Turn

CASES = "cases"


@dataclass(frozen=True, slots=True)
class Step:
    """One block of the trajectory: `kind` is think, query, retrieve, cases or answer.

    A completion without a readable answer ends with a block of kind 'unparsed': what stands where it should be.
    """

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Source:
    """A passage that the policy read."""

    passage_id: str
    title: str
    source: str
    text: str
    score: float


@dataclass(frozen=True, slots=True)
class SimilarCase:
    """An image case that re-retrieval added (M26)."""

    case_id: str
    caption: str
    score: float


@dataclass(frozen=True, slots=True)
class Reply:
    """An answered question.

    `answer` is a letter. Where the policy's own could not be read, `parsed` is false and it is the most probable
    option; '' when the episode never came to its answer block. `confidence` is its probability; that and
    `option_probs` are calibrated when `calibrated` is true. `re_retrieved` says that similar cases were consulted,
    whichever answer was believed.
    """

    answer: str
    answer_text: str
    parsed: bool
    confidence: float
    option_probs: tuple[float, ...]
    calibrated: bool
    re_retrieved: bool
    stop_reason: str
    trajectory: tuple[Step, ...]
    sources: tuple[Source, ...]
    cases: tuple[SimilarCase, ...]


def make_reply(
    question: Question, trajectory: Trajectory, option_probs: tuple[float, ...], *, calibrated: bool
) -> Reply:
    """A reply from the trajectory that is believed; `option_probs` are on the scale of the reply."""
    letter = trajectory.answer.letter
    chosen = _most_probable(option_probs) if letter is None else LETTERS.index(letter)
    return Reply(
        answer="" if chosen is None else LETTERS[chosen],
        answer_text="" if chosen is None else question.options[chosen],
        parsed=letter is not None,
        confidence=0.0 if chosen is None or not option_probs else option_probs[chosen],
        option_probs=option_probs,
        calibrated=calibrated,
        re_retrieved=bool(trajectory.cases),
        stop_reason=trajectory.stop_reason.value,
        trajectory=steps_of(trajectory),
        sources=sources_of(trajectory),
        cases=tuple(SimilarCase(one.case.case_id, one.case.caption, one.score) for one in trajectory.cases),
    )


def _most_probable(option_probs: tuple[float, ...]) -> int | None:
    return option_probs.index(max(option_probs)) if option_probs else None


def steps_of(trajectory: Trajectory) -> tuple[Step, ...]:
    """The blocks in order. Similar cases stand where the policy saw them: before its last thought."""
    cases = [Step(CASES, _captions(trajectory.cases))] if trajectory.cases else []
    seen = trajectory.extras.get("cdir", {}).get("chosen") == "second"
    steps: list[Step] = []
    for turn in trajectory.turns:
        if seen and turn is trajectory.turns[-1]:
            steps += cases
        steps += _turn_steps(turn)
    if not seen:
        steps += cases
    if trajectory.answer.letter is None:
        return (*steps, Step("unparsed", trajectory.answer.raw or trajectory.text.rpartition(closing(RETRIEVE))[2]))
    return (*steps, Step("answer", (trajectory.answer.raw or trajectory.answer.text).strip()))


def sources_of(trajectory: Trajectory) -> tuple[Source, ...]:
    """Each passage once, in the order in which they were read."""
    found = {item.passage.passage_id: item for item in reversed(trajectory.passages)}
    order = dict.fromkeys(item.passage.passage_id for item in trajectory.passages)
    return tuple(
        Source(one.passage_id, one.title, one.source, one.text, float(found[key].score))
        for key in order
        for one in [found[key].passage]
    )


def _turn_steps(turn: Turn) -> list[Step]:
    steps = [Step("think", turn.think)] if turn.think else []
    if turn.query is not None:
        steps += [Step("query", turn.query), Step("retrieve", render_passages(turn.passages).strip())]
    return steps


def _captions(cases: tuple[ScoredCase, ...]) -> str:
    return "\n".join(f"[{number}] {one.case.caption}" for number, one in enumerate(cases, start=1))
