"""Arms of re-retrieval from stored answers (M26, M29): when every question was asked twice, nothing is asked anew.

calibrated   below the threshold, the more confident answer believed: CDIR as it is deployed
random       as many questions, drawn by chance: does confidence know whom to ask?
always       all questions, the more confident answer believed
always_new   all questions, the second answer believed: the paper's arbitration without its threshold
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np

from medrwr.rollout.cdir import CdirRule, Reretrieval, judge
from medrwr.rollout.confidence import calibrated_confidence
from medrwr.rollout.scoring import cut_of
from medrwr.types import Trajectory


def arms_of(pairs: Sequence[Reretrieval], rule: CdirRule, *, seed: int) -> dict[str, list[Trajectory]]:
    """The believed answers of each arm, in the order of the pairs.

    Args:
        pairs: each question's first and second answer, asked again whatever the confidence.
        rule: as calibrated.
        seed: of the random arm.
    """
    unsure, able = asked_again(pairs, rule), [n for n, pair in enumerate(pairs) if pair.second is not None]
    drawn = np.random.default_rng([seed, len(pairs)]).permutation(len(able))[: len(unsure)]
    return {
        "calibrated": believe(pairs, unsure, rule),
        "random": believe(pairs, {able[place] for place in drawn}, rule),
        "always": believe(pairs, able, rule),
        "always_new": believe(pairs, able, replace(rule, arbitration="new")),
    }


def asked_again(pairs: Sequence[Reretrieval], rule: CdirRule) -> list[int]:
    """The questions that the rule asks again, among those that can be."""
    return [
        number
        for number, pair in enumerate(pairs)
        if pair.second is not None and calibrated_confidence(pair.first, rule.scale) < rule.threshold
    ]


def believe(pairs: Sequence[Reretrieval], asked: Collection[int], rule: CdirRule) -> list[Trajectory]:
    """The answers believed when only the questions numbered in `asked` are asked again."""
    looked = set(asked)
    return [
        judge(pair.first, pair.second, pair.second.cases, rule).chosen
        if number in looked and pair.second is not None
        else pair.first
        for number, pair in enumerate(pairs)
    ]


def second_tokens(pair: Reretrieval) -> int:
    """Tokens that the second answer took, beyond those replayed from the first; 0 without one."""
    cut = cut_of(pair.first, "answer_cut")
    if pair.second is None or cut is None:
        return 0
    return sum(pair.second.env_mask[cut.tokens :])
