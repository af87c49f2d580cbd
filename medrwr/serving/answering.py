"""Answers questions: policy, retriever, similar cases and calibration together, as evaluation measures them."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from medrwr.rollout.cdir import CaseSearch, CdirRule, reretrieve
from medrwr.rollout.confidence import least_logprob
from medrwr.rollout.engine import RolloutEngine, RolloutRequest
from medrwr.serving.asking import Ask, to_question
from medrwr.serving.replies import Reply, make_reply
from medrwr.types import LETTERS, Question, Trajectory

if TYPE_CHECKING:
    from medrwr.calibration.artefact import Calibration


@dataclass(frozen=True, slots=True)
class SecondLook:
    """What re-retrieval needs (M26): the case index, and the calibration that says when and how."""

    cases: CaseSearch
    calibration: Calibration

    @property
    def rule(self) -> CdirRule:
        """The calibration as the rule of re-retrieval (M27)."""
        held = self.calibration
        believed: Literal["new", "confident"] = "new" if held.arbitration == "new" else "confident"
        return CdirRule(
            held.threshold,
            held.confidence_scale,
            held.similar_cases,
            held.queries,
            believed,
            held.second_scale,
        )


class Answerer:
    """Greedy episodes, then a second look at the unsure ones.

    Args:
        second_look: None answers without re-retrieval and without calibration.
    """

    def __init__(self, engine: RolloutEngine, second_look: SecondLook | None = None) -> None:
        self.engine = engine
        self.second_look = second_look

    def answer(self, asks: Sequence[Ask]) -> list[Reply]:
        """One reply a question, in order.

        Raises:
            QuestionError: a question or its options are unusable.
            ImageError: an image cannot be decoded.
        """
        with tempfile.TemporaryDirectory(prefix="medrwr-") as name:
            folder = Path(name)
            questions = [to_question(ask, number, folder) for number, ask in enumerate(asks, start=1)]
            requests = [
                RolloutRequest(question, folder, forced_query=ask.query or None)
                for question, ask in zip(questions, asks, strict=True)
            ]
            believed = self.play(requests)
        return [self.reply(question, one) for question, one in zip(questions, believed, strict=True)]

    def reply(self, question: Question, trajectory: Trajectory) -> Reply:
        """What a trajectory says. Calibrated where it can be: the scale was fitted on image questions (M27)."""
        calibrated = self.second_look is not None and bool(question.images)
        probs = trajectory.option_probs
        if calibrated and self.second_look is not None and probs:
            letter = trajectory.answer.letter
            chosen = probs.index(max(probs)) if letter is None else LETTERS.index(letter)
            probs = self.second_look.calibration.scale_of(trajectory).spread(probs, chosen, least_logprob(trajectory))
        return make_reply(question, trajectory, probs, calibrated=calibrated)

    def play(self, requests: Sequence[RolloutRequest], *, temperature: float = 0.0) -> list[Trajectory]:
        """One trajectory a request, in order: the one believed where there was a second look.

        Args:
            temperature: of sampling; 0 is greedy.

        Raises:
            ImageError: an image cannot be decoded.
        """
        played = self.engine.run(requests, temperature=temperature)
        if self.second_look is None:
            return played
        looked = reretrieve(
            self.engine, requests, played, self.second_look.cases, self.second_look.rule, temperature=temperature
        )
        return [one.chosen for one in looked]
