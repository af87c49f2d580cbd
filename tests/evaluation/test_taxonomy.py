"""Failure kinds (M32): one rule each, by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from medrwr.evaluation.scorer import judge
from medrwr.evaluation.taxonomy import FailureKind, count_failures, failure_of, stated_share
from medrwr.types import ImageCase, ScoredCase
from tests.evaluation.fakes import question, trajectory

SEEN = "The sign is a lucent apical band on ultrasound. It is treated with kemopril."


def asked(*, image=True, explanation=SEEN):
    return replace(question(1, image=image), explanation=explanation)


def kind_of(one, episode):
    return failure_of(one, episode, judge(one, episode))


def test_m32_a_right_answer_is_no_failure():
    assert kind_of(asked(), trajectory(asked(), "A")) is None


@pytest.mark.parametrize(
    ("letter", "query", "passages", "kind"),
    [
        (None, "lucent apical band", ("Give kemopril.",), FailureKind.NO_ANSWER),
        ("B", "lucent apical band", ("Give Kemopril now.",), FailureKind.INTEGRATION),
        ("B", "lucent apical ring", ("Give tarvol.",), FailureKind.PERCEPTUAL),  # 2 of 3 words of what is seen
        ("B", None, (), FailureKind.PERCEPTUAL),  # nothing looked up, and nothing seen
        ("B", "lucent apical band", ("Give tarvol.",), FailureKind.RETRIEVAL),
        ("B", "lucent apical band", ("Kemoprilate is new.",), FailureKind.RETRIEVAL),  # another word
    ],
)
def test_m32_the_first_rule_that_fits_counts(letter, query, passages, kind):
    one = asked()
    assert kind_of(one, trajectory(one, letter, query=query, passages=passages)) is kind


def test_m32_a_similar_case_that_names_the_answer_is_evidence():
    one = asked()
    episode = trajectory(one, "B", query="lucent apical band")
    case = ScoredCase(ImageCase("c1", "c1.png", "A band, treated with kemopril."), 0.9)
    assert kind_of(one, replace(episode, cases=(case,))) is FailureKind.INTEGRATION


def test_m32_without_image_or_explanation_nothing_can_be_misseen():
    for one in (asked(image=False), asked(explanation="")):
        assert stated_share(one, trajectory(one, "B", query="ring")) is None
        assert kind_of(one, trajectory(one, "B", query="ring")) is FailureKind.RETRIEVAL
        assert kind_of(one, trajectory(one, "B")) is FailureKind.NO_QUERY


def test_m32_what_the_question_gives_away_does_not_count_as_seen():
    one = replace(asked(), text="What is this apical band treated with?")
    assert stated_share(one, trajectory(one, "B", query="apical band")) == 0.0  # only "lucent" was to be seen
    assert stated_share(one, trajectory(one, "B", query="Lucent")) == 1.0


def test_m32_counts_add_up_and_query_types_stand_beside_them():
    one, two = asked(), replace(asked(), question_id="q2")
    episodes = [trajectory(one, "B", query="kemopril"), trajectory(two, "A", query="kemopril")]
    row = count_failures("final", "cell", [one, two], episodes, [judge(one, episodes[0]), judge(two, episodes[1])])
    assert (row.answers, row.wrong) == (2, 1)
    assert row.kinds == {"no answer": 0, "integration": 0, "perceptual": 1, "no query": 0, "retrieval": 0}
    assert row.queries == {"literal": 0, "confirmation": 1, "hypothesis": 0, "observation": 0}
