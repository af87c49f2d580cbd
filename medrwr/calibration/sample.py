"""The calibration sample: what one answered question contributes, as parallel arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medrwr.errors import SampleError

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def paired(confidence: Sequence[float] | Floats, correct: Sequence[bool] | Bools) -> tuple[Floats, Bools]:
    """Confidences in [0, 1] and correctness as arrays of one length N.

    Raises:
        SampleError: nothing was answered, the lengths differ, or a confidence is no probability.
    """
    confidence_N = np.asarray(confidence, dtype=np.float64)
    correct_N = np.asarray(correct, dtype=np.bool_)
    if confidence_N.size == 0:
        raise SampleError("0 answers to calibrate on, expected at least 1: check the calibration split")
    if confidence_N.shape != correct_N.shape:
        raise SampleError(
            f"{confidence_N.size} confidences for {correct_N.size} verdicts: pass one of each for every answer"
        )
    outside = ~((confidence_N >= 0.0) & (confidence_N <= 1.0))
    if outside.any():
        value = confidence_N[outside][0]
        raise SampleError(f"confidence {value!r} is outside [0, 1]: pass probabilities, not logits")
    return confidence_N, correct_N


@dataclass(frozen=True, slots=True)
class AnswerSample:
    """One parsed answer: the policy's option probabilities, the option it chose, the right one; `cluster`: its fact.

    `least` is the log-probability (nats) of the least probable token of the first turn.
    """

    option_probs: tuple[float, ...]
    chosen: int
    gold: int
    cluster: str = ""
    least: float = 0.0

    @property
    def right(self) -> bool:
        return self.chosen == self.gold

    @property
    def raw(self) -> float:
        """The policy's probability of the chosen option (M25)."""
        return self.option_probs[self.chosen]


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Calibrated confidence, and whether the first and the arbitrated answer are right: arrays [N] of one split."""

    confidence: Floats
    before: Bools
    after: Bools

    @classmethod
    def of(
        cls,
        confidence: Sequence[float] | Floats,
        before: Sequence[bool] | Bools,
        after: Sequence[bool] | Bools,
    ) -> Outcomes:
        """Checked arrays.

        Raises:
            SampleError: no answers, unequal lengths, or a confidence outside [0, 1].
        """
        confidence_N, before_N = paired(confidence, before)
        return cls(confidence_N, before_N, paired(confidence, after)[1])

    def at(self, places: NDArray[np.intp]) -> Outcomes:
        """Those of some questions."""
        return Outcomes(self.confidence[places], self.before[places], self.after[places])
