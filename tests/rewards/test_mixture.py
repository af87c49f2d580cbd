"""M20: models asked once for a batch, parts weighted and summed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from medrwr.config import RewardSettings
from medrwr.errors import ConfigError
from medrwr.rewards import RewardMixture
from medrwr.rewards.mixture import RewardName
from medrwr.types import Question
from tests.rewards.episodes import QUESTION, episode

ALL: tuple[RewardName, ...] = ("format", "accuracy", "query_text", "query_image", "confidence")


class Words:
    """Every word of a small dictionary is an entity; synonyms share an id."""

    IDS = {"ring": "C1", "annulus": "C1", "kemopril": "C2", "metoral": "C3", "tarvenosis": "C4"}

    def __init__(self) -> None:
        self.calls = 0

    def recognise(self, texts: Sequence[str]) -> list[frozenset[str]]:
        self.calls += 1
        cut = [text.lower().replace(".", " ").replace(",", " ").split() for text in texts]
        return [frozenset(self.IDS[word] for word in words if word in self.IDS) for words in cut]


class Compass:
    """Images point east; a text that names the ring points 60 degrees off (cosine 1/2), any other one north."""

    def __init__(self) -> None:
        self.images = 0

    def encode_images(self, images: Sequence[Image.Image]) -> np.ndarray:
        self.images += len(images)
        return np.tile(np.array([[1.0, 0.0]], np.float32), (len(images), 1))

    def encode_texts(self, texts: Sequence[str]) -> np.ndarray:
        return np.array([[0.5, 0.75**0.5] if "ring" in text else [0.0, 1.0] for text in texts], np.float32)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    Image.new("L", (8, 8)).save(tmp_path / "q.png")
    return tmp_path


def mixture(root: Path, **settings: object) -> RewardMixture:
    parsed = RewardSettings.model_validate(settings)
    return RewardMixture(parsed, ALL, recogniser=Words(), encoder=Compass(), image_root=root)


ASKED = episode(
    queries=["apical annulus or ring, metoral"],
    passages=["A ring is treated with kemopril."],
    after=(0.2, 0.5, 0.2, 0.1),
    before=(0.25, 0.25, 0.25, 0.25),
)


def test_parts_and_total_by_hand_m20(root: Path) -> None:
    (score,) = mixture(root).score([(QUESTION, ASKED)])
    # S_Q {C1, C3}, S_K {C1, C2}, S_G {C1, C2, C4}: 1/2 + 2/2; cosine 1/2; gain log 2
    assert score == pytest.approx(
        {
            "format": 2.0,
            "accuracy": 1.0,
            "query_text": 1.5,
            "query_image": 0.5,
            "confidence": np.log(2),
            "total": 1 * 2.0 + 5 * 1.0 + 0.4 * (1.5 + 0.5) + 5 * np.log(2),
        }
    )


def test_ground_truth_without_the_explanation_m17(root: Path) -> None:
    (score,) = mixture(root, ground_truth="option").score([(QUESTION, ASKED)])
    assert score["query_text"] == pytest.approx(0.0 + 1 / 2)  # S_G {C2}


def test_every_weight_is_a_parameter_m20(root: Path) -> None:
    weights = {"format_weight": 0.0, "accuracy_weight": 2.0, "query_weight": 1.0, "confidence_weight": 0.0}
    (score,) = mixture(root, **weights).score([(QUESTION, ASKED)])
    assert score["total"] == pytest.approx(2.0 + 1.5 + 0.5)


def test_the_reference_profile_adds_its_parts_up_m21(root: Path) -> None:
    (score,) = mixture(root, profile="reference").score([(QUESTION, ASKED)])
    # 3 + 5; recalls 1/3 and 2/3, 2 entities in 5 words; a tenth of the cosine; a tenth of log 2
    expected = 3 + 5 + (1 / 3 + 2 / 3 + 2 / 5) + 0.05 + 0.1 * np.log(2)
    assert score["total"] == pytest.approx(expected)


def test_a_batch_is_recognised_and_encoded_once(root: Path) -> None:
    text_only = Question("t", "What?", ("metoral", "kemopril"), 0)
    words, compass = Words(), Compass()
    both = RewardMixture(RewardSettings(), ALL, recogniser=words, encoder=compass, image_root=root)
    scores = both.score([(QUESTION, ASKED), (text_only, ASKED), (QUESTION, episode()), (QUESTION, ASKED)])
    assert (words.calls, compass.images) == (1, 1)
    assert scores[1]["query_image"] == 0.0  # a text-only item among others
    assert scores[2]["query_text"] == scores[2]["query_image"] == 0.0
    assert scores[0] == scores[3]
    both.score([(QUESTION, ASKED)])
    assert compass.images == 1


def test_only_the_named_rewards_count_m23() -> None:
    (score,) = RewardMixture(RewardSettings(), ("format", "accuracy")).score([(QUESTION, ASKED)])
    assert score == {"format": 2.0, "accuracy": 1.0, "total": 7.0}


@pytest.mark.parametrize("name", ["query_text", "query_image"])
def test_a_reward_without_its_model_is_refused(name: RewardName) -> None:
    with pytest.raises(ConfigError, match=name):
        RewardMixture(RewardSettings(), (name,))


def test_hacks_earn_less_than_an_honest_episode(root: Path) -> None:
    """Each hack of reference-review.md beside an honest episode of the same question."""
    honest = episode(queries=["granular ring"], after=(0.1, 0.7, 0.1, 0.1), before=(0.25,) * 4)
    asked = {"after": (0.1, 0.7, 0.1, 0.1), "before": (0.25,) * 4}
    hacks = {
        "copies the question": episode(queries=[QUESTION.text], **asked),
        "stuffs entities": episode(queries=["ring annulus metoral kemopril tarvenosis aorta"], **asked),
        "lists the options": episode(queries=["metoral kemopril tarvenol sorimab"], **asked),
        "lists all in the answer": episode("A. metoral B. kemopril", queries=["granular ring"], **asked),
        "answers nothing": episode("", queries=["granular ring"], **asked),
        "does not ask": episode(),
    }
    scored = mixture(root)
    best = scored.score([(QUESTION, honest)])[0]["total"]
    for name, hack in hacks.items():
        assert scored.score([(QUESTION, hack)])[0]["total"] < best, name
