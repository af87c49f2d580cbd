"""Chooses the way of scaling by cross-validation on the calibration split, facts kept together (M27)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from medrwr.calibration.reliability import reliability
from medrwr.calibration.sample import AnswerSample, Floats
from medrwr.calibration.scaling import SCALINGS, Scaling, fit_scale

FOLDS = 5


@dataclass(frozen=True, slots=True)
class CrossValidated:
    """What a way of scaling promises for answers that it was not fitted on: Brier score and ECE, in [0, 1]."""

    brier: float
    ece: float


def cross_validate(samples: Sequence[AnswerSample], *, bins: int = 10) -> Mapping[Scaling, CrossValidated]:
    """Each way of scaling, fitted on four fifths of the facts and measured on the other fifth, five times.

    Fewer than two facts cannot be folded: the mapping is empty.
    """
    clusters = [sample.cluster or f"{number}" for number, sample in enumerate(samples)]
    folds = min(FOLDS, len(set(clusters)))
    if folds < 2:
        return {}
    right = [sample.right for sample in samples]
    measured = {}
    for scaling in SCALINGS:
        found = reliability(_held_out(scaling, samples, clusters, folds), right, bins=bins)
        measured[scaling] = CrossValidated(found.brier, found.ece)
    return measured


def best_scaling(measured: Mapping[Scaling, CrossValidated]) -> Scaling:
    """The lowest Brier score; among equals the one with the fewest parameters. Nothing measured: temperature."""
    return min(measured, key=lambda scaling: measured[scaling].brier) if measured else "temperature"


def _held_out(scaling: Scaling, samples: Sequence[AnswerSample], clusters: Sequence[str], folds: int) -> Floats:
    from sklearn.model_selection import GroupKFold

    confidence_N = np.empty(len(samples))
    for kept, left in GroupKFold(folds).split(np.zeros(len(samples)), groups=clusters):
        scale = fit_scale(scaling, [samples[index] for index in kept]).scale
        for index in left:
            confidence_N[index] = scale.of(samples[index].option_probs, samples[index].chosen, samples[index].least)
    return confidence_N
