"""M19: how much more probable did retrieval make the right answer?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from medrwr.rewards.inputs import RewardInputs

_LEAST = 1e-12  # a probability below this counts as this


@dataclass(frozen=True, slots=True)
class ConfidencePair:
    """Option probabilities right after `<answer>`: with retrieval, and without it (the counterfactual)."""

    after: Sequence[float]
    before: Sequence[float]


def confidence_pair(inputs: RewardInputs) -> ConfidencePair | None:
    """The two distributions of an episode that retrieved and answered; None for any other."""
    trajectory = inputs.trajectory
    before = trajectory.extras.get("counterfactual_probs", ())
    if inputs.malformed or trajectory.answer.letter is None or not trajectory.option_probs or not before:
        return None
    return ConfidencePair(trajectory.option_probs, before)


def confidence_reward(inputs: RewardInputs) -> float:
    """The gain log p(gold | with retrieval) - log p(gold | without), in nats, clipped; 0 without retrieval or answer.

    With the guards on, the probability without retrieval counts as no less than chance: an episode gains nothing by a
    first thought that is misleading rather than ignorant. With `confidence_floor: group` it counts as no less than the
    group's highest: nor does it gain by a thought that is vaguer than another one of the same policy.
    """
    pair = confidence_pair(inputs)
    if pair is None:
        return 0.0
    gold, settings = inputs.question.answer, inputs.settings
    floor = 1.0 / len(inputs.question.options) if settings.guards else _LEAST
    if settings.guards and settings.confidence_floor == "group":
        floor = max(floor, inputs.informed)
    gain = math.log(max(pair.after[gold], _LEAST)) - math.log(max(pair.before[gold], floor))
    clip = settings.confidence_clip
    return gain if clip is None else max(-clip, min(clip, gain))


def reference_confidence_reward(inputs: RewardInputs) -> float:
    """The reference code's numbers (M21): 0.1 of the gain when right, else 0.05 a rank that the gold option rose."""
    pair = confidence_pair(inputs)
    if pair is None:
        return 0.0
    gold = inputs.question.answer
    if inputs.right:
        return 0.1 * (math.log(max(pair.after[gold], _LEAST)) - math.log(max(pair.before[gold], _LEAST)))
    return 0.05 * (_rank(pair.before, gold) - _rank(pair.after, gold))


def _rank(probs: Sequence[float], gold: int) -> int:
    return sum(prob > probs[gold] for prob in probs)
