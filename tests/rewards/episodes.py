"""Episodes written by hand, without a policy."""

from __future__ import annotations

from collections.abc import Sequence

from medrwr.config import RewardSettings
from medrwr.rewards import EntitySets, RewardInputs
from medrwr.rollout.protocol import parse_answer
from medrwr.types import Passage, Question, ScoredPassage, StopReason, Trajectory, Turn

QUESTION = Question(
    "q",
    "Echocardiography of this patient shows a granular apical ring. What is the first treatment?",
    ("metoral", "kemopril", "tarvenol", "sorimab"),
    1,
    images=("q.png",),
    explanation="A granular apical ring points to tarvenosis.",
)


def episode(
    answer: str = "B. kemopril",
    *,
    queries: Sequence[str] = (),
    passages: Sequence[str] = ("A granular apical ring is treated with kemopril.",),
    stop: StopReason = StopReason.ANSWERED,
    after: Sequence[float] = (),
    before: Sequence[float] = (),
    thought: str = "I see a ring.",
    text: str = "",
    **extras: object,
) -> Trajectory:
    found = tuple(ScoredPassage(Passage(str(n), text, "d"), 1.0) for n, text in enumerate(passages))
    turns = (*(Turn(thought, query, found) for query in queries), Turn(thought))
    if before:
        extras["counterfactual_probs"] = list(before)
    return Trajectory(
        "q",
        (),
        (),
        (),
        (),
        turns,
        parse_answer(answer, QUESTION.options),
        stop,
        text=text,
        option_probs=tuple(after),
        extras=extras,
    )


def inputs(
    trajectory: Trajectory,
    *,
    entities: EntitySets | None = None,
    similarities: tuple[tuple[float, ...], ...] = (),
    question: Question = QUESTION,
    **settings: object,
) -> RewardInputs:
    return RewardInputs(
        question,
        trajectory,
        RewardSettings.model_validate(settings),
        entities or EntitySets(),
        similarities,
    )


def ids(text: str) -> frozenset[str]:
    """'a b' -> {'a', 'b'}."""
    return frozenset(text.split())
