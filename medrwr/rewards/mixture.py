"""M20: the rewards of a batch of episodes, and their weighted sum."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from medrwr.config import RewardSettings
from medrwr.errors import ConfigError
from medrwr.rewards.accuracy import accuracy_reward, reference_accuracy_reward
from medrwr.rewards.confidence import confidence_reward, reference_confidence_reward
from medrwr.rewards.format import format_reward, reference_format_reward
from medrwr.rewards.inputs import EntityRecogniser, EntitySets, ImageTextEncoder, RewardFunction, RewardInputs
from medrwr.rewards.query_image import query_image_reward, reference_query_image_reward
from medrwr.rewards.query_text import query_text_reward, reference_query_text_reward
from medrwr.rewards.released import (
    released_accuracy,
    released_confidence,
    released_format,
    released_query_image,
    released_query_text,
)
from medrwr.rollout.context import open_image
from medrwr.types import Question, Trajectory

RewardName = Literal["format", "accuracy", "query_text", "query_image", "confidence"]
Episodes = Sequence[tuple[Question, Trajectory]]

PROFILES: Mapping[str, Mapping[RewardName, RewardFunction]] = {
    "paper": {
        "format": format_reward,
        "accuracy": accuracy_reward,
        "query_text": query_text_reward,
        "query_image": query_image_reward,
        "confidence": confidence_reward,
    },
    "reference": {
        "format": reference_format_reward,
        "accuracy": reference_accuracy_reward,
        "query_text": reference_query_text_reward,
        "query_image": reference_query_image_reward,
        "confidence": reference_confidence_reward,
    },
    "released": {
        "format": released_format,
        "accuracy": released_accuracy,
        "query_text": released_query_text,
        "query_image": released_query_image,
        "confidence": released_confidence,
    },
}


def weights_of(settings: RewardSettings) -> Mapping[RewardName, float]:
    """Weight of each part. The reference code scales its parts itself and adds them up, so there all weigh 1."""
    if settings.profile != "paper":
        return dict.fromkeys(PROFILES["reference"], 1.0)
    return {
        "format": settings.format_weight,
        "accuracy": settings.accuracy_weight,
        "query_text": settings.query_weight,
        "query_image": settings.query_weight,
        "confidence": settings.confidence_weight,
    }


def group_confidence(episodes: Episodes) -> dict[str, float]:
    """The highest no-retrieval probability of the gold option among each question's episodes (M19)."""
    best: dict[str, float] = {}
    for question, trajectory in episodes:
        before = trajectory.extras.get("counterfactual_probs", ())
        if before:
            name = question.question_id
            best[name] = max(best.get(name, 0.0), float(before[question.answer]))
    return best


class RewardMixture:
    """Scores episodes by the rewards in `names`.

    Args:
        recogniser: needed by `query_text`.
        encoder: needed by `query_image`, with `image_root`, the folder that image paths are relative to.

    Raises:
        ConfigError: a reward is named whose model is not given.
    """

    def __init__(
        self,
        settings: RewardSettings,
        names: Sequence[RewardName],
        *,
        recogniser: EntityRecogniser | None = None,
        encoder: ImageTextEncoder | None = None,
        image_root: Path | None = None,
    ) -> None:
        if "query_text" in names and recogniser is None:
            raise ConfigError(
                "reward query_text needs an entity recogniser: give one, or leave query_text out of `rewards`"
            )
        if "query_image" in names and (encoder is None or image_root is None):
            raise ConfigError(
                "reward query_image needs an image-text encoder and the images' folder: give both, or leave it out of "
                "`rewards`"
            )
        self._settings = settings
        self._functions = {name: PROFILES[settings.profile][name] for name in names}
        self._weights = weights_of(settings)
        self._recogniser = recogniser
        self._encoder = encoder
        self._image_root = image_root
        self._images: dict[str, np.ndarray] = {}

    def score(self, episodes: Episodes) -> list[dict[str, float]]:
        """Each episode's parts, not weighted, and `total`, their weighted sum."""
        scores = []
        for inputs in self.inputs(episodes):
            parts: dict[str, float] = {name: function(inputs) for name, function in self._functions.items()}
            parts["total"] = sum(self._weights[name] * parts[name] for name in self._functions)
            scores.append(parts)
        return scores

    def inputs(self, episodes: Episodes) -> list[RewardInputs]:
        """What the reward functions get: entities and similarities of the whole batch, computed at once."""
        entities = self._entities(episodes)
        similarities = self._similarities(episodes)
        informed = group_confidence(episodes)
        return [
            RewardInputs(question, trajectory, self._settings, found, similar, informed.get(question.question_id, 0.0))
            for (question, trajectory), found, similar in zip(episodes, entities, similarities, strict=True)
        ]

    def _entities(self, episodes: Episodes) -> list[EntitySets]:
        if "query_text" not in self._functions or self._recogniser is None:
            return [EntitySets()] * len(episodes)
        texts = [text for question, trajectory in episodes for text in self._texts(question, trajectory)]
        distinct = list(dict.fromkeys(texts))
        found = dict(zip(distinct, self._recogniser.recognise(distinct), strict=True))
        sets = []
        for question, trajectory in episodes:
            query, retrieved, truth, *options = self._texts(question, trajectory)
            sets.append(
                EntitySets(found[query], found[retrieved], found[truth], tuple(found[text] for text in options))
            )
        return sets

    def _texts(self, question: Question, trajectory: Trajectory) -> list[str]:
        """Queries, retrieved text (from the episode's own record), ground truth, then each option."""
        truth = [question.gold_text]
        if self._settings.ground_truth == "option_and_explanation":
            truth.append(question.explanation)
        retrieved = [f"{scored.passage.title}. {scored.passage.text}" for scored in trajectory.passages]
        return ["\n".join(trajectory.queries), "\n".join(retrieved), "\n".join(truth), *question.options]

    def _similarities(self, episodes: Episodes) -> list[tuple[tuple[float, ...], ...]]:
        if "query_image" not in self._functions or self._encoder is None or self._image_root is None:
            return [()] * len(episodes)
        seen = [(question, trajectory) for question, trajectory in episodes if question.images and trajectory.queries]
        queries = list(dict.fromkeys(query for _, trajectory in seen for query in trajectory.queries))
        if not queries:
            return [()] * len(episodes)
        texts = dict(zip(queries, np.asarray(self._encoder.encode_texts(queries)), strict=True))
        self._encode_images([name for question, _ in seen for name in question.images])
        return [
            tuple(
                tuple(float(texts[query] @ self._images[name]) for name in question.images)
                for query in (trajectory.queries if question.images else ())
            )
            for question, trajectory in episodes
        ]

    def _encode_images(self, names: Sequence[str]) -> None:
        """Vectors of images not seen before; a training set's are kept (a few hundred bytes each)."""
        assert self._encoder is not None
        assert self._image_root is not None
        new = [name for name in dict.fromkeys(names) if name not in self._images]
        if new:
            vectors = np.asarray(self._encoder.encode_images([open_image(self._image_root / name) for name in new]))
            self._images.update(zip(new, vectors, strict=True))
