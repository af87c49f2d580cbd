"""Arms of re-retrieval from stored answers, and self-consistency at equal tokens (M26, M29)."""

from __future__ import annotations

from dataclasses import replace

from medrwr.evaluation.consistency import generated, vote, within_budget
from medrwr.evaluation.second_looks import arms_of, asked_again, second_tokens
from medrwr.rollout.cdir import CdirRule, Reretrieval
from medrwr.types import ImageCase, ScoredCase, Trajectory
from tests.evaluation.fakes import question, trajectory

CASES = (ScoredCase(ImageCase("c", "c.png", ""), 0.9),)
RULE = CdirRule(threshold=0.5)


def pair(number: int, first: tuple[str, float], second: tuple[str, float] | None) -> Reretrieval:
    asked = question(number, image=True)
    one = replace(trajectory(asked, first[0], confidence=first[1]), extras={"answer_cut": [1, ""]})
    if second is None:
        return Reretrieval(one, None, one)
    again = replace(trajectory(asked, second[0], confidence=second[1]), cases=CASES)
    again = replace(again, completion_ids=(2, 3, 4, 5), env_mask=(1, 0, 1, 1), logprobs=(0.0,) * 4)
    return Reretrieval(one, again, again)


PAIRS = [
    pair(0, ("B", 0.4), ("A", 0.9)),  # unsure, and the second is right
    pair(1, ("B", 0.4), ("A", 0.3)),  # unsure, and the second less sure: not believed, but always_new does
    pair(2, ("A", 0.9), ("B", 0.95)),  # sure and right: whoever asks all loses it
    pair(3, ("A", 0.9), None),
]


def letters(played: list[Trajectory]) -> str:
    return "".join(one.answer.letter or "-" for one in played)


def test_m26_each_arm_by_hand() -> None:
    arms = arms_of(PAIRS, RULE, seed=1)
    assert asked_again(PAIRS, RULE) == [0, 1]
    assert letters(arms["calibrated"]) == "ABAA"
    assert letters(arms["always"]) == "ABBA"
    assert letters(arms["always_new"]) == "AABA"
    assert [bool(one.cases) for one in arms["calibrated"]] == [True, True, False, False]
    assert arms["calibrated"][0].extras["cdir"]["first"] == {"letter": "B", "confidence": 0.4}


def test_the_random_arm_asks_as_many_and_each_alike_often() -> None:
    asked = [0] * len(PAIRS)
    for seed in range(300):
        random = arms_of(PAIRS, RULE, seed=seed)["random"]
        assert sum(bool(one.cases) for one in random) == 2
        asked = [count + bool(one.cases) for count, one in zip(asked, random, strict=True)]
    assert asked[3] == 0
    assert all(160 < count < 240 for count in asked[:3])  # 200 each; 5 standard deviations are 41


def test_no_cases_leave_every_first_answer() -> None:
    alone = [Reretrieval(one.first, None, one.first) for one in PAIRS]
    assert {letters(played) for played in arms_of(alone, RULE, seed=1).values()} == {"BBAA"}


def test_tokens_of_a_second_look_are_those_sampled_behind_the_cut() -> None:
    """One replayed, one inserted, two sampled."""
    assert [second_tokens(one) for one in PAIRS] == [2, 2, 2, 0]


def test_self_consistency_takes_the_least_confident_within_the_tokens() -> None:
    """Each first answer took one token, two samples two: four tokens pay for the two at .4."""
    firsts = [one.first for one in PAIRS]
    assert [generated(one) for one in firsts] == [1, 1, 1, 1]
    assert within_budget(firsts, 4) == [0, 1]
    assert within_budget(firsts, 3) == [0]
    assert within_budget(firsts, 0) == []


def test_the_majority_of_three_counts_and_without_one_the_first() -> None:
    asked = question(1)
    a, b, c, unread = (trajectory(asked, letter) for letter in ("A", "B", "C", None))
    assert vote(a, [b, b]).answer.letter == "B"
    assert vote(a, [b, c]).answer.letter == "A"
    assert vote(unread, [b, c]).answer.letter == "B"
    assert vote(unread, [unread]).answer.letter is None
    assert vote(a, [b, b]).extras["votes"] == {"A": 1, "B": 2}
