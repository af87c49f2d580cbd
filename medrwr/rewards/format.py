"""M15: did the policy keep to the grammar? Only what it sampled is judged, not a "p < 0.05" in a document."""

from __future__ import annotations

import re

from medrwr.rewards.inputs import RewardInputs

_NEWLINES = re.compile(r"[\r\n]{3,}")


def format_reward(inputs: RewardInputs) -> float:
    """1 for a well-formed episode, 2 when it also retrieved and its answer is right, 0 when malformed.

    An answer that names no option is malformed, and so is a thought that the environment had to close.
    """
    if not _well_formed(inputs):
        return 0.0
    return 2.0 if inputs.trajectory.retrieved and inputs.right else 1.0


def reference_format_reward(inputs: RewardInputs) -> float:
    """The reference code's numbers (M21): 0, 1, or 3 when it retrieved and is right; 1 less for a run of line breaks.

    Its other deduction, for an empty block, needs no line here: an empty block is malformed.
    """
    score = 0.0
    if _well_formed(inputs):
        score = 3.0 if inputs.trajectory.retrieved and inputs.right else 1.0
    sampled = [text for turn in inputs.trajectory.turns for text in (turn.think, turn.query or "")]
    runs = any(_NEWLINES.search(text) for text in [*sampled, inputs.trajectory.answer.raw])
    return score - (1.0 if runs else 0.0)


def _well_formed(inputs: RewardInputs) -> bool:
    return inputs.trajectory.well_formed and not inputs.trajectory.extras.get("think_cut", False)
