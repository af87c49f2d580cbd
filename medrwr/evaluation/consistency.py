"""Self-consistency (Wang et al. 2022, arXiv:2203.11171) at the token budget of re-retrieval: the control of CDIR (M29).

The least confident questions are sampled twice more each, until the samples would take more tokens than the second
looks did; the majority of three answers counts, and without one the first does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from medrwr.rollout.confidence import RAW, calibrated_confidence
from medrwr.types import Trajectory

SAMPLES = 2


def within_budget(firsts: Sequence[Trajectory], tokens: int) -> list[int]:
    """The questions to sample again, least confident first; each is taken to cost what its first answer did."""
    order = sorted(range(len(firsts)), key=lambda n: (calibrated_confidence(firsts[n], RAW), n))
    chosen, spent = [], 0
    for number in order:
        spent += SAMPLES * generated(firsts[number])
        if spent > tokens:
            break
        chosen.append(number)
    return chosen


def vote(first: Trajectory, samples: Sequence[Trajectory]) -> Trajectory:
    """The trajectory whose answer most of them gave, the first one among equals; what cannot be parsed has no vote."""
    counts = Counter(one.answer.letter for one in (first, *samples) if one.answer.letter is not None)
    if not counts:
        return first
    most = max(counts.values())
    winners = {letter for letter, count in counts.items() if count == most}
    chosen = next(one for one in (first, *samples) if one.answer.letter in winners)
    votes = {letter: count for letter, count in sorted(counts.items()) if letter is not None}
    return replace(chosen, extras={**chosen.extras, "votes": votes})


def generated(trajectory: Trajectory) -> int:
    """Tokens that the policy sampled."""
    return sum(trajectory.env_mask)
