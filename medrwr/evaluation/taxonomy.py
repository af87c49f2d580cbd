"""Why an answer is wrong (M32; the paper's Figs. 15-17): rules over the stored trajectory, the first that fits counts.

- no answer: no letter of the question could be read;
- integration: a passage or a similar case named the right option, and another was answered;
- perceptual: an image question whose policy never says what the reference saw there;
- no query: nothing was looked up;
- retrieval: it was looked up, what was seen was said, and nothing that came back named the right option.

What the reference saw is the first sentence of the question's explanation: that is where the clinic and curated
questions (M12) have it. A question without an explanation can therefore be no perceptual failure.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from medrwr.datasets.shingles import words_of
from medrwr.evaluation.query_types import QUERY_TYPES, query_types
from medrwr.evaluation.scorer import Verdict, mentions
from medrwr.types import Question, Trajectory

STATED = 0.75
"""Share of the observation's own words that must be said: two of a sign's three words are another sign."""
_COMMON = frozenset(
    words_of(
        "the this that these those and with from for are was were has have had sign signs image images shows show "
        "shown seen finding findings picture there which patient demonstrates reveals"
    )
)
_SHORTEST = 3


class FailureKind(str, Enum):
    """Why an answer is wrong; the module's docstring has the rules."""

    NO_ANSWER = "no answer"
    INTEGRATION = "integration"
    PERCEPTUAL = "perceptual"
    NO_QUERY = "no query"
    RETRIEVAL = "retrieval"


@dataclass(frozen=True, slots=True)
class FailureRow:
    """The wrong answers of one rung in one cell by kind, and what drove their queries."""

    rung: str
    cell: str
    answers: int
    kinds: dict[str, int]
    queries: dict[str, int]

    @property
    def wrong(self) -> int:
        """Every wrong answer has exactly one kind."""
        return sum(self.kinds.values())


def failure_of(question: Question, trajectory: Trajectory, verdict: Verdict) -> FailureKind | None:
    """The kind of a wrong answer; None for a right one."""
    if verdict.correct:
        return None
    if not verdict.parsed:
        return FailureKind.NO_ANSWER
    captions = [found.case.caption for found in trajectory.cases]
    if verdict.gold_retrieved or mentions(captions, question.gold_text):
        return FailureKind.INTEGRATION
    stated = stated_share(question, trajectory)
    if stated is not None and stated < STATED:
        return FailureKind.PERCEPTUAL
    return FailureKind.RETRIEVAL if trajectory.queries else FailureKind.NO_QUERY


def stated_share(question: Question, trajectory: Trajectory) -> float | None:
    """Share of what the reference saw in the image that the policy says in its thoughts or queries, in [0, 1].

    Words that the question, its options or its modality have already, and common ones, count on neither side. None
    where there is no image, no explanation, or no word left.
    """
    if not question.images or not question.explanation:
        return None
    observation = re.split(r"(?<=[.!?])\s", question.explanation.strip(), maxsplit=1)[0]
    given = words_of(" ".join((question.text, question.modality, *question.options)))
    seen = {word for word in words_of(observation) if len(word) >= _SHORTEST} - _COMMON - set(given)
    if not seen:
        return None
    said = set(words_of(" ".join(f"{turn.think} {turn.query or ''}" for turn in trajectory.turns)))
    return len(seen & said) / len(seen)


def count_failures(
    rung: str, cell: str, questions: Sequence[Question], trajectories: Sequence[Trajectory], verdicts: Sequence[Verdict]
) -> FailureRow:
    """The row of one rung and cell; `questions` may go on beyond what the rung answered."""
    kinds: list[str] = []
    types: list[str] = []
    for question, trajectory, verdict in zip(questions, trajectories, verdicts, strict=False):
        kind = failure_of(question, trajectory, verdict)
        if kind is not None:
            kinds.append(kind.value)
            types += query_types(question, trajectory)
    every_kind = [kind.value for kind in FailureKind]
    return FailureRow(rung, cell, len(verdicts), _counted(kinds, every_kind), _counted(types, QUERY_TYPES))


def _counted(found: Iterable[str], names: Iterable[str]) -> dict[str, int]:
    counts = Counter(found)
    return {name: counts[name] for name in names}
