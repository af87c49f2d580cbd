"""Questions of a benchmark put to an answerer, a batch at a time; an image that cannot be decoded is left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from medrwr.datasets.benchmarks.record import Item
from medrwr.errors import RecordError
from medrwr.evaluation.runs.answered import Answered, answered_closed, answered_open
from medrwr.evaluation.scoring.modes import STRICT
from medrwr.rollout.confidence import calibrated_confidence
from medrwr.serving.answering import Answerer
from medrwr.types import Quarantined, Question, Trajectory
from pipelines.arms import AT_ONCE, NO_RETRIEVAL, OWN_QUERY, QUESTION_AS_QUERY, Arm, most_probable, request_of

DEPLOYED = "deployed"
ARMS: dict[str, Arm] = {
    DEPLOYED: OWN_QUERY,
    "own_query": OWN_QUERY,
    "no_retrieval": NO_RETRIEVAL,
    "question_as_query": QUESTION_AS_QUERY,
    "at_once": AT_ONCE,
}
"""How questions are put (M29): as served, second look included; without a second look; and the baselines."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How an answer is played, and read. `temperature` 0 is greedy; `seed` matters above it."""

    arm: str = DEPLOYED
    temperature: float = 0.0
    seed: int = 0
    scoring: str = STRICT


class Answering(Protocol):
    """Answers a benchmark's questions."""

    @property
    def batch_size(self) -> int:
        """How many are asked at once."""

    def play(
        self, benchmark: str, questions: Sequence[Item], image_root: Path, clusters: Mapping[str, str]
    ) -> Iterator[Answered | Quarantined]:
        """One result a question, in order: its answer, or why it cannot be asked."""


class Player:
    """Plays questions in one manner."""

    def __init__(self, answerer: Answerer, manner: Manner) -> None:
        second = answerer.second_look if manner.arm == DEPLOYED else None
        self._answerer = Answerer(answerer.engine, second)
        self._manner, self._arm = manner, ARMS[manner.arm]

    @property
    def batch_size(self) -> int:
        """See `Answering`."""
        return self._answerer.engine.settings.batch_size

    def play(
        self, benchmark: str, questions: Sequence[Item], image_root: Path, clusters: Mapping[str, str]
    ) -> Iterator[Answered | Quarantined]:
        """See `Answering`."""
        for question, trajectory in zip(questions, self._trajectories(questions, image_root), strict=True):
            if isinstance(trajectory, str):
                yield Quarantined(question.question_id, benchmark, trajectory)
            else:
                yield self._judged(benchmark, question, trajectory, clusters[question.question_id])

    def _judged(self, benchmark: str, question: Item, trajectory: Trajectory, cluster: str) -> Answered:
        if not isinstance(question, Question):
            return answered_open(benchmark, question, trajectory, cluster)
        answered = answered_closed(benchmark, question, trajectory, cluster, scoring=self._manner.scoring)
        return self._calibrated(answered, question, trajectory)

    def _trajectories(self, questions: Sequence[Item], image_root: Path) -> list[Trajectory | str]:
        """All at once; one by one when something that only the engine sees is wrong with one of them."""
        requests = [replace(request_of(one, image_root, self._arm), seed=self._manner.seed) for one in questions]
        try:
            played = self._answerer.play(requests, temperature=self._manner.temperature)
        except RecordError as error:
            if len(questions) == 1:
                return [_without_root(str(error), questions[0], image_root)]
            return [found for one in questions for found in self._trajectories([one], image_root)]
        if self._arm.by_probability:
            pairs = zip(questions, played, strict=True)
            played = [most_probable(item, one) if isinstance(item, Question) else one for item, one in pairs]
        return list(played)

    def _calibrated(self, answered: Answered, question: Question, trajectory: Trajectory) -> Answered:
        """With the calibrated confidence where there is one: it was fitted on image questions (M27)."""
        look = self._answerer.second_look
        if look is None or not question.images or answered.confidence is None:
            return answered
        confidence = calibrated_confidence(trajectory, look.calibration.scale_of(trajectory))
        return replace(answered, confidence=confidence, calibrated=True)


def _without_root(reason: str, question: Item, image_root: Path) -> str:
    """The reason with images as the benchmark names them, so that equal reasons are counted as one."""
    for image in question.images:
        reason = reason.replace(str(image_root / image), repr(image))
    return reason
