"""Scale of confidence, reliability and threshold of one answered split, together (M27).

Every question was answered once and, where that was possible, once more with similar cases: so the effect of any
threshold is known without asking again.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass, replace

from medrwr.calibration.deciding import decide_threshold, halves_of
from medrwr.calibration.quality import Quality, measure_quality, sample_of
from medrwr.calibration.sample import Outcomes
from medrwr.calibration.scaling import ScaleFit, Scaling, fit_scale
from medrwr.calibration.threshold import ThresholdChoice
from medrwr.config import CalibrateSettings
from medrwr.errors import SampleError
from medrwr.rollout.cdir import CdirRule, Reretrieval, second_wins
from medrwr.rollout.confidence import RAW, ConfidenceScale, calibrated_confidence
from medrwr.types import Question, Trajectory

_NEVER = 1.0  # for the threshold only: the confidence of an answer that cannot be asked again


@dataclass(frozen=True, slots=True)
class Findings:
    """What a split says. `quality` is None where no answer could be parsed: nothing was fitted then."""

    answers: int
    unparsed: int
    asked_again: int
    quality: Quality | None
    choice: ThresholdChoice
    second: ScaleFit | None = None

    @property
    def temperature(self) -> float:
        return self.quality.fit.temperature if self.quality else 1.0

    @property
    def notes(self) -> tuple[str, ...]:
        """Where something was not fitted, and why."""
        unread = (
            f"none of {self.answers} answers could be parsed: confidences are not calibrated; train the policy longer"
        )
        scale = self.quality.scaled.notes if self.quality else (unread,)
        again = tuple(f"second answers: {note}" for note in self.second.notes) if self.second else ()
        return tuple(note for note in (*scale, *again, self.choice.fallback) if note)

    @property
    def second_scale(self) -> ConfidenceScale | None:
        """How the confidence of a second answer is read; None: as that of a first one."""
        return self.second.scale if self.second else None

    @property
    def scale(self) -> ConfidenceScale:
        """How a confidence is read; as the policy gives it where nothing was fitted."""
        return self.quality.scaled.scale if self.quality else RAW


def fit_calibration(
    questions: Sequence[Question],
    pairs: Sequence[Reretrieval],
    settings: CalibrateSettings,
    rule: CdirRule,
    *,
    seed: int = 0,
) -> Findings:
    """Fit the scale on the first answers, then choose the threshold for answers arbitrated on it.

    To certify a threshold the scale is fitted on one half of the facts, and the other half certifies.

    Args:
        questions: the split.
        pairs: first and second answer of each question, in order; asked again whatever the confidence.
        settings: how the threshold is set.
        rule: k and arbitration; its threshold and scale are what is looked for.
        seed: of the halves.

    Raises:
        SampleError: no questions.
    """
    if not questions:
        raise SampleError("the calibration split holds 0 questions, expected some: check clinic.calibration_questions")
    parsed = [(q, pair.first) for q, pair in zip(questions, pairs, strict=True) if pair.first.answer.letter]
    halves = halves_of([question.fact_id or question.question_id for question in questions], seed)
    half = {questions[place].question_id for place in halves[0]} if settings.threshold == "certified" else None
    quality = measure_quality(parsed, settings, half) if parsed else None
    scale = quality.scaled.scale if quality else RAW
    second = (
        _fit_seconds(questions, pairs, quality.scaling, half) if quality and settings.second_scale == "own" else None
    )
    read = replace(rule, scale=scale, second_scale=second.scale if second else None)
    outcomes = outcomes_of(questions, pairs, read)
    return Findings(
        answers=len(questions),
        unparsed=len(questions) - len(parsed),
        asked_again=sum(pair.second is not None for pair in pairs),
        quality=quality,
        choice=decide_threshold(settings, outcomes, halves),
        second=second,
    )


def _fit_seconds(
    questions: Sequence[Question], pairs: Sequence[Reretrieval], scaling: Scaling, half: Set[str] | None
) -> ScaleFit | None:
    samples = [
        sample_of(question, pair.second)
        for question, pair in zip(questions, pairs, strict=True)
        if pair.second and pair.second.answer.letter and (half is None or question.question_id in half)
    ]
    return fit_scale(scaling, samples) if samples else None


def outcomes_of(questions: Sequence[Question], pairs: Sequence[Reretrieval], rule: CdirRule) -> Outcomes:
    """First answers and those that the rule would believe were all asked again; who cannot be has a confidence of 1."""
    confidence, before, after = [], [], []
    for question, pair in zip(questions, pairs, strict=True):
        believed = pair.second if pair.second and second_wins(pair.first, pair.second, rule) else pair.first
        confidence.append(calibrated_confidence(pair.first, rule.scale) if pair.second else _NEVER)
        before.append(_right(question, pair.first))
        after.append(_right(question, believed))
    return Outcomes.of(confidence, before, after)


def _right(question: Question, trajectory: Trajectory) -> bool:
    return trajectory.answer.letter == question.gold_letter
