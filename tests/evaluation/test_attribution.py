"""What answers owe to what was retrieved (M31), by hand."""

from __future__ import annotations

import pytest

from medrwr.evaluation.attribution import WithoutRank, copy_rate, flip_matrix, influences
from medrwr.evaluation.scorer import judge
from medrwr.types import Passage, ScoredPassage
from tests.evaluation.fakes import question, trajectory


def verdicts(letters):
    return [judge(question(n), trajectory(question(n), letter)) for n, letter in enumerate(letters)]


def test_m31_flips_by_hand():
    found = flip_matrix(verdicts("AABBBC"), verdicts("ABABC"))  # gold is A; the sixth was asked once only
    assert (found.kept_right, found.gained, found.lost) == (1, 1, 1)
    assert (found.wrong_alike, found.wrong_otherwise) == (1, 1)


@pytest.mark.parametrize(
    ("query", "rate"),
    [
        (
            "what drug treats a lucent band",
            0.5,
        ),  # two of the four runs of three words
        ("Drug treats!", 1.0),  # shorter than three words: one run
        ("lucent apical band", 0.0),
        ("?", None),
    ],
)
def test_m31_copied_words_by_hand(query, rate):
    assert copy_rate("What drug treats a sign like this?", query) == rate


def test_m31_one_rank_is_left_out_and_nothing_takes_its_place():
    class Search:
        def search_batch(self, queries, *, k=None):
            return [tuple(ScoredPassage(Passage(f"{q}{i}", "t", "d"), 1.0) for i in range(3)) for q in queries]

    found = WithoutRank(Search(), 2).search_batch(["a", "b"])
    assert [[one.passage.passage_id for one in each] for each in found] == [["a0", "a2"], ["b0", "b2"]]


def test_m31_influence_is_apart_for_passages_that_name_the_answer():
    asked = [question(1), question(2), question(3)]
    named, other = ("Give kemopril.", "Tea."), ("Tea.", "Give kemopril.")
    full = [
        trajectory(q, "A", confidence=0.9, query="ring", passages=p)
        for q, p in zip(asked, (named, named, other), strict=True)
    ]
    without = [trajectory(asked[0], "B", confidence=0.7), trajectory(asked[1], "A", confidence=0.6)]
    without.append(trajectory(asked[2], "A", confidence=0.9))
    gold, rest = influences(1, asked, full, without)
    assert (gold.names_gold, gold.answers, gold.changed, gold.right, gold.right_without) == (True, 2, 1, 2, 1)
    assert gold.probability_lost == pytest.approx((0.8 + 0.3) / 2)  # A: .9 to .1 (a third of .3), and .9 to .6
    assert (rest.names_gold, rest.answers, rest.changed, rest.probability_lost) == (False, 1, 0, 0.0)
    assert influences(3, asked, full, without) == []  # there was no third passage
