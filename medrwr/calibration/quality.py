"""How good the confidences of one answered split are, before and after its scale was fitted (M27, M31)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

from medrwr.calibration.choosing import CrossValidated, best_scaling, cross_validate
from medrwr.calibration.reliability import Reliability, reliability
from medrwr.calibration.sample import AnswerSample
from medrwr.calibration.scaling import ScaleFit, Scaling, fit_scale
from medrwr.calibration.selective import RiskCoverage, auroc, risk_coverage
from medrwr.calibration.temperature import TemperatureFit, fit_temperature
from medrwr.config import CalibrateSettings
from medrwr.rollout.confidence import RAW, calibrated_confidence, least_logprob
from medrwr.types import LETTERS, Question, Trajectory


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

    @property
    def ece_promised(self) -> float:
        """ECE to expect of answers that nothing was fitted on; of these answers where they cannot be folded."""
        found = self.cross_validated.get(self.scaling)
        return self.after.ece if found is None else found.ece


def sample_of(question: Question, trajectory: Trajectory) -> AnswerSample:
    """What a parsed answer contributes."""
    chosen = LETTERS.index(trajectory.answer.letter or "")
    fact = question.fact_id or question.question_id
    return AnswerSample(trajectory.option_probs, chosen, question.answer, fact, least_logprob(trajectory))


def measure_quality(
    parsed: Sequence[tuple[Question, Trajectory]], settings: CalibrateSettings, half: Set[str] | None = None
) -> Quality:
    """Fit the scale on the questions of `half` (ids; None: all), and measure on all of them."""
    everything = [sample_of(question, one) for question, one in parsed]
    samples = [one for one, (asked, _) in zip(everything, parsed, strict=True) if not half or asked.question_id in half]
    samples = samples or everything
    measured = cross_validate(samples, bins=settings.bins)
    scaling = best_scaling(measured) if settings.method == "auto" else settings.method
    scaled = fit_scale(scaling, samples)
    right = [sample.right for sample in everything]
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
