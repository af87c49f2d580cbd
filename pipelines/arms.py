"""The arms of calibration and evaluation: how a question is put to the engine (M29)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from medrwr.datasets.benchmarks.record import Item
from medrwr.sinks import MetricSink
from medrwr.types import LETTERS, Answer, Question, Trajectory

if TYPE_CHECKING:
    from medrwr.rollout.engine import RolloutEngine, RolloutRequest


@dataclass(frozen=True, slots=True)
class Arm:
    """One way of asking.

    Attributes:
        max_turns: retrievals allowed, None for the setting's, 0 for reasoning without retrieval.
        by_probability: the most probable option is the answer (M25), whatever was written after it. For baselines whose
            answer is forced where the policy would have asked: it may write what does not parse, and a baseline must
            not lose by that.
    """

    max_turns: int | None = None
    question_as_query: bool = False
    answer_at_once: bool = False
    by_probability: bool = False


OWN_QUERY = Arm()
ONE_QUERY = Arm(max_turns=1, by_probability=True)
NO_RETRIEVAL = Arm(max_turns=0, by_probability=True)
ANOTHERS_QUERY = Arm(max_turns=1, by_probability=True)
QUESTION_AS_QUERY = Arm(max_turns=1, question_as_query=True, by_probability=True)
AT_ONCE = Arm(max_turns=0, answer_at_once=True, by_probability=True)


def request_of(question: Item, image_root: Path, arm: Arm = OWN_QUERY, *, query: str | None = None) -> RolloutRequest:
    """The request that plays `question` in this arm; `query` is asked first, on the policy's behalf."""
    from medrwr.rollout.engine import RolloutRequest

    return RolloutRequest(
        question,
        image_root,
        max_turns=arm.max_turns,
        forced_query=question.text if arm.question_as_query else query,
        answer_at_once=arm.answer_at_once,
    )


def most_probable(question: Question, trajectory: Trajectory) -> Trajectory:
    """The trajectory with the most probable option as its answer; unchanged where no probabilities were read."""
    if not trajectory.option_probs:
        return trajectory
    best = max(range(len(question.options)), key=lambda i: trajectory.option_probs[i])
    answer = Answer(LETTERS[best], question.options[best], trajectory.answer.raw)
    return replace(trajectory, answer=answer, confidence=trajectory.option_probs[best])


@dataclass(frozen=True, slots=True)
class GreedyRollout:
    """A rollout callable for the scorer: greedy episodes of one arm, in the engine's batches, with progress.

    `queries`, one a question, are asked first: for arms whose query someone else writes.
    """

    engine: RolloutEngine
    image_root: Path
    arm: Arm
    sink: MetricSink
    label: str
    queries: Sequence[str] | None = None

    def __call__(self, questions: Sequence[Question]) -> list[Trajectory]:
        """One trajectory for each question, in their order.

        Raises:
            ImageError: a question's image cannot be decoded.
        """
        size = self.engine.settings.batch_size
        played: list[Trajectory] = []
        by = self.arm.by_probability
        queries: Sequence[str | None] = self.queries or [None] * len(questions)
        for start in range(0, len(questions), size):
            asked = zip(questions[start : start + size], queries[start : start + size], strict=True)
            requests = [request_of(q, self.image_root, self.arm, query=query) for q, query in asked]
            batch = self.engine.run(requests, temperature=0.0)
            played += [most_probable(r.closed, t) for r, t in zip(requests, batch, strict=True)] if by else batch
            self.sink.progress(len(played), len(questions), self.label)
        return played
