"""The arms of calibration and evaluation: how a question is put to the engine (M29)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from medrwr.sinks import MetricSink
from medrwr.types import Question, Trajectory

if TYPE_CHECKING:
    from medrwr.rollout.engine import RolloutEngine, RolloutRequest


@dataclass(frozen=True, slots=True)
class Arm:
    """One way of asking. `max_turns`: retrievals allowed, None for the setting's, 0 for reasoning without retrieval."""

    max_turns: int | None = None
    question_as_query: bool = False
    answer_at_once: bool = False


OWN_QUERY = Arm()
NO_RETRIEVAL = Arm(max_turns=0)
QUESTION_AS_QUERY = Arm(max_turns=1, question_as_query=True)
AT_ONCE = Arm(max_turns=0, answer_at_once=True)


def request_of(question: Question, image_root: Path, arm: Arm = OWN_QUERY) -> RolloutRequest:
    """The request that plays `question` in this arm."""
    from medrwr.rollout.engine import RolloutRequest

    return RolloutRequest(
        question,
        image_root,
        max_turns=arm.max_turns,
        forced_query=question.text if arm.question_as_query else None,
        answer_at_once=arm.answer_at_once,
    )


@dataclass(frozen=True, slots=True)
class GreedyRollout:
    """A rollout callable for the scorer: greedy episodes of one arm, in the engine's batches, with progress."""

    engine: RolloutEngine
    image_root: Path
    arm: Arm
    sink: MetricSink
    label: str

    def __call__(self, questions: Sequence[Question]) -> list[Trajectory]:
        """One trajectory for each question, in their order.

        Raises:
            ImageError: a question's image cannot be decoded.
        """
        size = self.engine.settings.batch_size
        played: list[Trajectory] = []
        for start in range(0, len(questions), size):
            requests = [request_of(q, self.image_root, self.arm) for q in questions[start : start + size]]
            played += self.engine.run(requests, temperature=0.0)
            self.sink.progress(len(played), len(questions), self.label)
        return played
