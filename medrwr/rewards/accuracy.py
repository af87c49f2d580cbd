"""M16: is the chosen option right? An answer that could not be parsed is wrong."""

from __future__ import annotations

from medrwr.rewards.inputs import RewardInputs


def accuracy_reward(inputs: RewardInputs) -> float:
    """1 when the chosen option is the gold one, else 0."""
    return 1.0 if inputs.right else 0.0


def reference_accuracy_reward(inputs: RewardInputs) -> float:
    """The reference code's numbers (M21): 5 with the option's text, 4 with the letter alone, else 0."""
    if not inputs.right:
        return 0.0
    bare = inputs.trajectory.answer.raw.strip(" \n\t.()*:")
    return 4.0 if len(bare) == 1 else 5.0
