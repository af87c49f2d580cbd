"""The threshold by what re-retrieval costs: the lambda whose gain is worth its looks and its losses (M27)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from medrwr.calibration.sample import Bools, Floats
from medrwr.calibration.threshold import ThresholdChoice, ThresholdPoint, threshold_curve
from medrwr.errors import SampleError


@dataclass(frozen=True, slots=True)
class Costs:
    """In right answers: `look` for each question asked again, `flip` on top for each right answer that is lost."""

    look: float = 0.05
    flip: float = 1.0

    def gain(self, point: ThresholdPoint, answers: int) -> float:
        """Net gain a question: (gained - lost - flip x lost) / answers - look x share."""
        return (point.gained - (1.0 + self.flip) * point.lost) / answers - self.look * point.share


def costed_threshold(
    costs: Costs,
    confidence: Sequence[float] | Floats,
    before: Sequence[bool] | Bools,
    after: Sequence[bool] | Bools,
) -> ThresholdChoice:
    """The lambda with the highest net gain; among equals the one that asks the fewest questions again.

    Where no lambda gains more than it costs it is 0, and `fallback` says so.

    Raises:
        SampleError: a negative cost; else as `threshold_curve`.
    """
    if costs.look < 0 or costs.flip < 0:
        raise SampleError(
            f"costs of {costs.look!r} a look and {costs.flip!r} a flip, expected 0 or more: correct "
            "`calibrate.look_cost` and `calibrate.flip_cost`"
        )
    curve = threshold_curve(confidence, before, after)
    best = max(curve, key=lambda point: (costs.gain(point, len(before)), -point.share))
    nothing = f"no threshold gains more than its cost of {costs.look:g} a look and {costs.flip:g} a flip"
    return ThresholdChoice(
        "cost", best, curve[0].accuracy, curve, "" if best.share > 0 else f"{nothing}: re-retrieval is off"
    )
