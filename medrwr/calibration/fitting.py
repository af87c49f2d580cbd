"""Scale of confidence, reliability and threshold of one answered split, together (M27).

Every question was answered once and, where that was possible, once more with similar cases: so the effect of any
threshold is known without asking again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from medrwr.calibration.choosing import CrossValidated, best_scaling, cross_validate
from medrwr.calibration.reliability import Reliability, reliability
from medrwr.calibration.sample import AnswerSample
from medrwr.calibration.scaling import ScaleFit, Scaling, fit_scale
from medrwr.calibration.selective import RiskCoverage, auroc, risk_coverage
from medrwr.calibration.temperature import TemperatureFit, fit_temperature
from medrwr.calibration.threshold import ThresholdChoice, budgeted_threshold, fixed_threshold
from medrwr.config import CalibrateSettings
from medrwr.errors import SampleError
from medrwr.rollout.cdir import CdirRule, Reretrieval, second_wins
from medrwr.rollout.confidence import RAW, ConfidenceScale, calibrated_confidence
from medrwr.types import LETTERS, Question, Trajectory

_NEVER = 1.0  # for the threshold only: the confidence of an answer that cannot be asked again


@dataclass(frozen=True, slots=True)
class Quality:
    """How good the confidences are. AUROCs are None when the answers were all right, or all wrong.

    `after` and `auroc` are measured on the answers that the scale was fitted on; `cross_validated` are not.
    """

    fit: TemperatureFit
    scaling: Scaling
    scaled: ScaleFit
    cross_validated: Mapping[Scaling, CrossValidated]
    before: Reliability
    after: Reliability
    curve: RiskCoverage
    auroc_before: float | None
    auroc: float | None


@dataclass(frozen=True, slots=True)
class Findings:
    """What a split says. `quality` is None where no answer could be parsed: nothing was fitted then."""

    answers: int
    unparsed: int
    asked_again: int
    quality: Quality | None
    choice: ThresholdChoice

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
        return tuple(note for note in (*scale, self.choice.fallback) if note)

    @property
    def scale(self) -> ConfidenceScale:
        """How a confidence is read; as the policy gives it where nothing was fitted."""
        return self.quality.scaled.scale if self.quality else RAW


def fit_calibration(
    questions: Sequence[Question], pairs: Sequence[Reretrieval], settings: CalibrateSettings, rule: CdirRule
) -> Findings:
    """Fit the scale on the first answers, then choose the threshold for answers arbitrated on it.

    Args:
        questions: the split.
        pairs: first and second answer of each question, in order; asked again whatever the confidence.
        settings: how the threshold is set.
        rule: k and arbitration; its threshold and scale are what is looked for.

    Raises:
        SampleError: no questions.
    """
    if not questions:
        raise SampleError("the calibration split holds 0 questions, expected some: check clinic.calibration_questions")
    parsed = [(q, pair.first) for q, pair in zip(questions, pairs, strict=True) if pair.first.answer.letter]
    quality = _quality(parsed, settings) if parsed else None
    scale = quality.scaled.scale if quality else RAW
    return Findings(
        answers=len(questions),
        unparsed=len(questions) - len(parsed),
        asked_again=sum(pair.second is not None for pair in pairs),
        quality=quality,
        choice=_choose(questions, pairs, settings, replace(rule, scale=scale)),
    )


def sample_of(question: Question, trajectory: Trajectory) -> AnswerSample:
    """What a parsed answer contributes."""
    chosen = LETTERS.index(trajectory.answer.letter or "")
    return AnswerSample(trajectory.option_probs, chosen, question.answer, question.fact_id or question.question_id)


def _quality(parsed: Sequence[tuple[Question, Trajectory]], settings: CalibrateSettings) -> Quality:
    samples = [sample_of(question, one) for question, one in parsed]
    measured = cross_validate(samples, bins=settings.bins)
    scaling = best_scaling(measured) if settings.method == "auto" else settings.method
    scaled = fit_scale(scaling, samples)
    right = [sample.right for sample in samples]
    before = [calibrated_confidence(one, RAW) for _, one in parsed]
    after = [calibrated_confidence(one, scaled.scale) for _, one in parsed]
    return Quality(
        fit=fit_temperature([sample.option_probs for sample in samples], [sample.gold for sample in samples]),
        scaling=scaling,
        scaled=scaled,
        cross_validated=measured,
        before=reliability(before, right, bins=settings.bins),
        after=reliability(after, right, bins=settings.bins),
        curve=risk_coverage(after, right),
        auroc_before=auroc(before, right),
        auroc=auroc(after, right),
    )


def _choose(
    questions: Sequence[Question], pairs: Sequence[Reretrieval], settings: CalibrateSettings, rule: CdirRule
) -> ThresholdChoice:
    confidence, before, after = [], [], []
    for question, pair in zip(questions, pairs, strict=True):
        believed = pair.second if pair.second and second_wins(pair.first, pair.second, rule) else pair.first
        confidence.append(calibrated_confidence(pair.first, rule.scale) if pair.second else _NEVER)
        before.append(_right(question, pair.first))
        after.append(_right(question, believed))
    if settings.threshold == "fixed":
        return fixed_threshold(settings.fixed_threshold, confidence, before, after)
    return budgeted_threshold(settings.budget, confidence, before, after)


def _right(question: Question, trajectory: Trajectory) -> bool:
    return trajectory.answer.letter == question.gold_letter
