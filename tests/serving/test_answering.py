"""The answerer: the engine's greedy episodes, then a second look at the unsure image questions (M25-M27)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from medrwr.calibration.artefact import Calibration, Digests
from medrwr.config import RolloutSettings
from medrwr.errors import ImageError, QuestionError
from medrwr.policy.loading import Policy
from medrwr.rollout.engine import RolloutEngine
from medrwr.serving.answering import Answerer, SecondLook
from medrwr.serving.asking import Ask
from medrwr.types import ImageCase, ScoredCase
from tests.rollout.world import SIGNS, DictionaryRetriever, question

NEVER, ALWAYS = 0.0, 1.1  # thresholds of re-retrieval
CALIBRATION = Calibration(temperature=2.0, threshold=NEVER, method="fixed", digests=Digests("", "", ""))


class OneCase:
    """A case index with one case."""

    def search_batch(self, images: Sequence[Any], *, k: int | None = None) -> list[tuple[ScoredCase, ...]]:
        return [(ScoredCase(ImageCase("c1", "c1.png", f"A {SIGNS[0]}."), 0.9),) for _ in images]

    def load_image(self, case: ImageCase) -> Image.Image:
        return Image.new("RGB", (56, 56), (90, 90, 90))


@pytest.fixture(scope="module")
def engine(trained: Policy) -> RolloutEngine:
    return RolloutEngine(trained, DictionaryRetriever(), RolloutSettings(batch_size=16))


@pytest.fixture
def asked(images: Path) -> Ask:
    """An image question of the kind that the policy was trained on."""
    known = question(1, image=True)
    return Ask(known.text, known.options, str(images / known.images[0]))


def test_a_reply_comes_with_query_sources_and_probabilities(engine: RolloutEngine, asked: Ask) -> None:
    (reply,) = Answerer(engine).answer([asked])
    assert [step.kind for step in reply.trajectory] == ["think", "query", "retrieve", "think", "answer"]
    found = DictionaryRetriever().find(reply.trajectory[1].text)[:2]
    assert [source.passage_id for source in reply.sources] == [item.passage.passage_id for item in found]
    assert asked.options["ABCD".index(reply.answer)] == reply.answer_text
    assert sum(reply.option_probs) == pytest.approx(1)
    assert reply.confidence == reply.option_probs["ABCD".index(reply.answer)]
    assert not reply.calibrated
    assert not reply.re_retrieved


def test_a_query_of_the_asker_is_looked_up_first(engine: RolloutEngine, asked: Ask) -> None:
    (reply,) = Answerer(engine).answer([replace(asked, query=f"{SIGNS[2]}, mechanism")])
    assert next(step.text for step in reply.trajectory if step.kind == "query") == f"{SIGNS[2]}, mechanism"
    assert reply.sources[0].passage_id == "p2"


def test_replies_keep_the_order_of_the_questions(engine: RolloutEngine, images: Path) -> None:
    known = [question(number, image=image) for number in range(2) for image in (True, False)]
    asks = [Ask(one.text, one.options, str(images / one.images[0]) if one.images else None) for one in known]
    together = Answerer(engine).answer(asks)
    alone = [Answerer(engine).answer([ask])[0] for ask in asks]
    assert [reply.trajectory for reply in together] == [reply.trajectory for reply in alone]


def test_the_same_question_gets_the_same_reply(engine: RolloutEngine, asked: Ask) -> None:
    assert Answerer(engine).answer([asked]) == Answerer(engine).answer([asked])


def test_confidence_is_calibrated_for_image_questions(engine: RolloutEngine, asked: Ask) -> None:
    """M27, T = 2: p_i^(1/2), made to sum to 1."""
    (raw,) = Answerer(engine).answer([asked])
    second_look = SecondLook(OneCase(), CALIBRATION)
    image, text = Answerer(engine, second_look).answer([asked, replace(asked, image=None)])
    roots = [probability**0.5 for probability in raw.option_probs]
    assert image.option_probs == pytest.approx([root / sum(roots) for root in roots])
    assert image.calibrated
    assert not text.calibrated


@pytest.mark.parametrize(("threshold", "looks"), [(NEVER, False), (ALWAYS, True)])
def test_the_threshold_decides_about_a_second_look(
    engine: RolloutEngine, asked: Ask, threshold: float, looks: bool
) -> None:
    """M26: an image question below the threshold is answered again beside similar cases, a text question never."""
    answerer = Answerer(engine, SecondLook(OneCase(), replace(CALIBRATION, threshold=threshold)))
    image, text = answerer.answer([asked, replace(asked, image=None)])
    assert image.re_retrieved is looks
    assert [case.caption for case in image.cases] == [f"A {SIGNS[0]}."] * looks
    assert not text.re_retrieved


def test_one_bad_question_is_named(engine: RolloutEngine, asked: Ask, tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n")
    with pytest.raises(ImageError, match="the image of question 2"):
        Answerer(engine).answer([asked, replace(asked, image=str(tmp_path / "broken.png"))])
    with pytest.raises(QuestionError, match="ask-2"):
        Answerer(engine).answer([asked, replace(asked, options=("only",))])
