"""The arms of evaluation on the real engine, with a policy trained for seconds (M29)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from medrwr.config import RolloutSettings
from medrwr.evaluation.scorer import judge_all
from medrwr.rollout.engine import RolloutEngine
from medrwr.types import Answer, ImageCase, Question, ScoredCase
from pipelines.arms import (
    ANOTHERS_QUERY,
    AT_ONCE,
    NO_RETRIEVAL,
    ONE_QUERY,
    OWN_QUERY,
    QUESTION_AS_QUERY,
    Arm,
    GreedyRollout,
    most_probable,
    request_of,
)
from pipelines.querying import caption_queries, refined_queries
from tests.rollout.world import DictionaryRetriever, build_policy, question


class Counter:
    """A sink that remembers how far it was told the work is."""

    def __init__(self):
        self.done = []

    def log(self, metrics, step=None):
        raise AssertionError("a rollout logs nothing")

    def progress(self, done, total, label):
        self.done.append((done, total, label))


class CasesOfAShade:
    """The case of an image is called after its brightness; a black image has none."""

    def search_batch(self, images, *, k=None):
        assert k == 1
        shades = [int(np.asarray(image).mean()) for image in images]
        return [
            (ScoredCase(ImageCase(f"c{shade}", f"c{shade}.png", f"Finding of shade {shade}."), 0.9),) if shade else ()
            for shade in shades
        ]


@pytest.fixture(scope="module")
def images(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("images")
    for number in range(4):
        pixels = np.random.default_rng(number).integers(0, 255, (112, 112), dtype=np.uint8)
        Image.fromarray(pixels).save(root / f"{number}.png")
    return root


@pytest.fixture(scope="module")
def engine(images) -> RolloutEngine:
    return RolloutEngine(build_policy(images), DictionaryRetriever(), RolloutSettings(batch_size=3))


def play(engine, images, arm: Arm, sink=None):
    questions = [question(number, image=image) for image in (False, True) for number in range(4)]
    return questions, GreedyRollout(engine, images, arm, sink or Counter(), "asked")(questions)


def test_m29_an_arm_is_a_request(images):
    asked = question(1)
    assert request_of(asked, images, OWN_QUERY).max_turns is None
    assert request_of(asked, images, NO_RETRIEVAL).max_turns == 0
    assert request_of(asked, images, QUESTION_AS_QUERY).forced_query == asked.text
    assert request_of(asked, images, AT_ONCE).answer_at_once


def test_order_progress_and_repetition(engine, images):
    """Eight questions in batches of three; greedy, so a second time brings the same tokens."""
    sink = Counter()
    questions, first = play(engine, images, OWN_QUERY, sink)
    _, second = play(engine, images, OWN_QUERY)
    assert [one.question_id for one in first] == [asked.question_id for asked in questions]
    assert sink.done == [(3, 8, "asked"), (6, 8, "asked"), (8, 8, "asked")]
    assert [one.completion_ids for one in first] == [one.completion_ids for one in second]
    assert sum(verdict.correct for verdict in judge_all(questions, first)) >= 4  # it was trained on these


def test_m29_own_query_asks_and_no_retrieval_does_not(engine, images):
    _, own = play(engine, images, OWN_QUERY)
    _, without = play(engine, images, NO_RETRIEVAL)
    assert any(one.retrieved for one in own)
    assert not any(one.retrieved or one.passages for one in without)


def test_m29_the_question_is_the_only_query(engine, images):
    questions, played = play(engine, images, QUESTION_AS_QUERY)
    assert [one.queries for one in played] == [(asked.text,) for asked in questions]
    assert all(len(one.passages) == 2 for one in played)


def test_m29_at_once_means_no_thought(engine, images):
    _, played = play(engine, images, AT_ONCE)
    assert all(not one.retrieved and len(one.option_probs) == 4 for one in played)


def test_a_baseline_answers_with_its_most_probable_option_whatever_it_wrote(engine, images):
    """Probabilities .2, .5, .3 of three options: B, although what was written did not parse."""
    asked = Question("q", "?", ("x", "y", "z"), 0)
    written = replace(
        play(engine, images, OWN_QUERY)[1][0], answer=Answer(None, raw="B. w"), option_probs=(0.2, 0.5, 0.3)
    )
    chosen = most_probable(asked, written)
    assert (chosen.answer, chosen.confidence) == (Answer("B", "y", "B. w"), 0.5)
    unread = replace(written, option_probs=())
    assert most_probable(asked, unread) is unread
    _, played = play(engine, images, NO_RETRIEVAL)
    assert all(one.answer.letter is not None for one in played if one.option_probs)


def test_m29_a_refined_question_is_what_the_policy_asks_without_the_image(engine, images):
    asked = [question(number, image=True) for number in range(4)]
    queries = refined_queries(engine, asked, images, Counter())
    blind = [replace(one, images=()) for one in asked]
    played = GreedyRollout(engine, images, ONE_QUERY, Counter(), "x")(blind)
    assert queries == [one.queries[0] if one.queries else blind[n].text for n, one in enumerate(played)]
    assert any(query != one.text for query, one in zip(queries, asked, strict=True))


def test_m29_the_caption_of_the_most_similar_case_is_the_query(tmp_path):
    for number in range(4):
        Image.fromarray(np.full((56, 56), 40 * number, dtype=np.uint8)).save(tmp_path / f"{number}.png")
    asked = [question(number, image=number != 2) for number in range(4)]
    queries = caption_queries(CasesOfAShade(), asked, tmp_path)
    assert queries == [asked[0].text, "Finding of shade 40.", asked[2].text, "Finding of shade 120."]


def test_m29_a_given_query_is_the_first_and_only_one(engine, images):
    asked = [question(number, image=True) for number in range(4)]
    played = GreedyRollout(engine, images, ANOTHERS_QUERY, Counter(), "x", ["ring"] * 4)(asked)
    assert [one.queries for one in played] == [("ring",)] * 4
