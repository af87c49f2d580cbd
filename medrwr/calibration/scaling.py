"""Fits the scale of confidence: raw, temperature, Platt, isotonic or path, for each number of options (M27).

Platt 1999, "Probabilistic outputs for support vector machines": a sigmoid of the log-odds, fitted on targets drawn in
by (N+ + 1) / (N+ + 2) and 1 / (N- + 2), so that a split without an error does not promise certainty. Its slope is kept
at 0 or above: more confident never means less likely right.
`path` is the same with a second weight, of the least probable token of the first turn (`least_logprob`).
Zadrozny & Elkan 2002, doi:10.1145/775047.775151: isotonic regression, drawn in to [1 / (N + 2), 1 - 1 / (N + 2)].
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from medrwr.calibration.sample import AnswerSample, Bools, Floats
from medrwr.calibration.temperature import fit_temperature
from medrwr.errors import SampleError
from medrwr.rollout.confidence import ConfidenceMap, ConfidenceScale, log_odds

Scaling = Literal["none", "temperature", "platt", "isotonic", "path"]
SCALINGS: tuple[Scaling, ...] = ("none", "temperature", "platt", "isotonic", "path")
LEAST_ANSWERS = 50  # a number of options with fewer has no map of its own


@dataclass(frozen=True, slots=True)
class ScaleFit:
    """A scale, and where something could not be fitted, why. `scale.by_options` holds every number that was seen."""

    scale: ConfidenceScale
    notes: tuple[str, ...] = ()


def fit_scale(scaling: Scaling, samples: Sequence[AnswerSample]) -> ScaleFit:
    """The pooled map, and one for each number of options with at least 50 answers, right ones and wrong ones.

    Raises:
        SampleError: no answers.
    """
    pooled, note = fit_map(scaling, samples)
    notes = [note] if note else []
    groups: dict[int, list[AnswerSample]] = defaultdict(list)
    for sample in samples:
        groups[len(sample.option_probs)].append(sample)
    by_options = {}
    for count, own in sorted(groups.items()):
        by_options[count] = pooled
        if len(groups) == 1 or scaling == "none":
            continue
        if len(own) < LEAST_ANSWERS or len({sample.right for sample in own}) == 1:
            verdicts = "right and wrong answers" if len(own) < LEAST_ANSWERS else "one kind of answer only"
            notes.append(f"{len(own)} {verdicts} with {count} options: they are read by the pooled map")
        else:
            by_options[count], note = fit_map(scaling, own)
            notes += [f"{count} options: {note}"] if note else []
    return ScaleFit(ConfidenceScale(pooled, by_options), tuple(notes))


def fit_map(scaling: Scaling, samples: Sequence[AnswerSample]) -> tuple[ConfidenceMap, str]:
    """One map, and why it was not fitted: a split that is all right, or all wrong, leaves confidences raw.

    Raises:
        SampleError: no answers.
    """
    if not samples:
        raise SampleError("0 answers to fit a scale on, expected at least 1: check the calibration split")
    if scaling == "none":
        return ConfidenceMap(answers=len(samples)), ""
    right_N = np.asarray([sample.right for sample in samples], dtype=np.bool_)
    if right_N.all() or not right_N.any():
        verdict = "right" if right_N.all() else "wrong"
        kept = "temperature kept at 1" if scaling == "temperature" else "confidences are left as the policy gives them"
        return ConfidenceMap(answers=len(samples)), f"all {len(samples)} answers are {verdict}: {kept}"
    if scaling == "temperature":
        fit = fit_temperature([sample.option_probs for sample in samples], [sample.gold for sample in samples])
        return ConfidenceMap(temperature=fit.temperature, answers=len(samples)), fit.fallback
    raw_N = np.asarray([min(max(sample.raw, 0.0), 1.0) for sample in samples])
    if scaling == "isotonic":
        return _isotonic(raw_N, right_N), ""
    odds_N = np.asarray([log_odds(raw) for raw in raw_N])
    least_N = np.asarray([sample.least for sample in samples]) if scaling == "path" else np.zeros_like(odds_N)
    fitted = _sigmoid(np.stack([odds_N, least_N], axis=1), right_N)
    note = "" if max(fitted.slope, fitted.path_weight) > 1e-6 else "confidence does not tell right from wrong answers"
    return replace(fitted, method=scaling), note


def _sigmoid(signals_NS: Floats, right_N: Bools) -> ConfidenceMap:
    """Platt's sigmoid of log-odds and least log-probability [N, 2]; a column of zeros keeps its weight of 0."""
    from scipy.optimize import minimize

    right = int(right_N.sum())
    target_N = np.where(right_N, (right + 1) / (right + 2), 1 / (right_N.size - right + 2))

    def loss(parameters: Floats) -> tuple[float, Floats]:
        score_N = signals_NS @ parameters[:2] + parameters[2]
        residual_N = 0.5 * (1 + np.tanh(score_N / 2)) - target_N
        gradient = np.append(residual_N @ signals_NS, residual_N.sum()) / residual_N.size
        return float((np.logaddexp(0.0, score_N) - target_N * score_N).mean()), gradient

    bounds = [(0.0, None), (0.0, None), (None, None)]
    found = minimize(loss, np.asarray([1.0, 0.0, 0.0]), jac=True, method="L-BFGS-B", bounds=bounds)
    slope, weight, intercept = map(float, found.x)
    return ConfidenceMap(slope=slope, path_weight=weight, intercept=intercept, answers=int(right_N.size))


def _isotonic(raw_N: Floats, right_N: Bools) -> ConfidenceMap:
    from sklearn.isotonic import IsotonicRegression

    fit = IsotonicRegression(out_of_bounds="clip").fit(raw_N, right_N.astype(np.float64))
    margin = 1 / (raw_N.size + 2)
    values = np.clip(fit.y_thresholds_, margin, 1 - margin)
    knots = tuple((float(x), float(y)) for x, y in zip(fit.X_thresholds_, values, strict=True))
    return ConfidenceMap("isotonic", knots=knots, answers=int(raw_N.size))
