"""M17, M18, and what a query must not be paid for."""

from __future__ import annotations

import pytest

from medrwr.rewards import EntitySets, query_image_reward, query_text_reward
from medrwr.rewards.query_image import reference_query_image_reward
from medrwr.rewards.query_text import reference_query_text_reward
from medrwr.types import StopReason
from tests.rewards.episodes import QUESTION, episode, ids, inputs

ASKED = episode(queries=["granular ring treatment"])


@pytest.mark.parametrize(
    ("query", "retrieved", "truth", "reward"),
    [
        ("ring", "ring drug", "ring drug", 2.0),  # 1/1 + 2/2
        ("ring heart", "ring drug x y", "ring drug", 1.0),  # 1/2 + 2/4
        ("heart", "x", "ring", 0.0),
        ("", "ring", "ring", 1.0),  # empty S_Q: 0 + 1/1
        ("ring", "", "ring", 1.0),
        ("", "", "", 0.0),
        ("ring", "ring", "", 0.0),
        ("ring a b c d e f g h i", "", "ring", 0.1),  # stuffing: 1/10
    ],
)
def test_precision_of_entities_m17(query: str, retrieved: str, truth: str, reward: float) -> None:
    sets = EntitySets(ids(query), ids(retrieved), ids(truth))
    assert query_text_reward(inputs(ASKED, entities=sets)) == pytest.approx(reward)


def test_without_a_query_or_malformed_nothing_is_paid_m17() -> None:
    sets = EntitySets(ids("ring"), ids("ring"), ids("ring"))
    assert query_text_reward(inputs(episode(), entities=sets)) == 0.0
    broken = episode(queries=["ring"], stop=StopReason.MALFORMED)
    assert query_text_reward(inputs(broken, entities=sets)) == 0.0


def test_the_references_terms_m21() -> None:
    # query of 3 words: recall 1/2 in the query, 2/2 in the text, 2 entities in 3 words
    sets = EntitySets(ids("ring heart"), ids("ring drug x"), ids("ring drug"))
    assert reference_query_text_reward(inputs(ASKED, entities=sets)) == pytest.approx(0.5 + 1.0 + 2 / 3)
    # six entities in a query of 6 words: 1 less
    sets = EntitySets(ids("a b c d e ring"), frozenset(), ids("ring drug"))
    six = episode(queries=["a b c d e ring"])
    assert reference_query_text_reward(inputs(six, entities=sets)) == pytest.approx(0.5 + 0.0 + 1.0 - 1.0)


def test_the_best_image_of_each_query_m18() -> None:
    two = episode(queries=["ring", "heart"])
    # best images: .9 and .5
    assert query_image_reward(inputs(two, similarities=((0.1, 0.9), (0.5, 0.3)))) == pytest.approx(0.7)
    assert reference_query_image_reward(inputs(two, similarities=((0.1, 0.9), (0.5, 0.3)))) == pytest.approx(0.07)


def test_no_query_or_no_image_gives_nothing_m18() -> None:
    """The reference scored the first sentence, or crashed on `random.choice([])`."""
    assert query_image_reward(inputs(episode())) == 0.0
    text_only = QUESTION.__class__("t", "?", ("a", "b"), 0)
    assert query_image_reward(inputs(ASKED, question=text_only)) == 0.0


COPY = episode(queries=[QUESTION.text])
COPIED = EntitySets(ids("ring heart"), ids(""), ids("ring heart drug"))


def test_a_copy_of_the_question_is_not_paid_for() -> None:
    assert query_text_reward(inputs(COPY, entities=COPIED)) == 0.0
    assert query_text_reward(inputs(COPY, entities=COPIED, guards=False)) == 1.0
    assert query_image_reward(inputs(COPY, similarities=((0.8,),))) == 0.0


def test_what_a_query_shares_with_a_short_question_is_fine() -> None:
    asked = episode(queries=["granular apical ring on echocardiography, first treatment"])
    assert query_text_reward(inputs(asked, entities=COPIED)) == 1.0


def test_listing_the_options_is_not_paid_for() -> None:
    """Gold is among them, whatever the policy knows: the formula alone would give 1/4."""
    options = tuple(ids(option) for option in QUESTION.options)
    listing = episode(queries=["metoral kemopril tarvenol sorimab"])
    sets = EntitySets(ids("metoral kemopril tarvenol sorimab"), ids(""), ids("kemopril ring"), options)
    assert query_text_reward(inputs(listing, entities=sets)) == 0.0
    assert query_text_reward(inputs(listing, entities=sets, guards=False)) == 0.25


def test_asking_after_one_option_is_credited() -> None:
    options = tuple(ids(option) for option in QUESTION.options)
    sets = EntitySets(ids("kemopril ring"), ids(""), ids("kemopril ring"), options)
    assert query_text_reward(inputs(ASKED, entities=sets)) == 1.0


def test_more_queries_are_not_more_reward() -> None:
    sets = EntitySets(ids("ring"), ids("ring"), ids("ring"))
    once, often = episode(queries=["ring"]), episode(queries=["ring"] * 3)
    assert query_text_reward(inputs(often, entities=sets)) == query_text_reward(inputs(once, entities=sets))
    assert query_image_reward(inputs(often, similarities=((0.5,),) * 3)) == 0.5
