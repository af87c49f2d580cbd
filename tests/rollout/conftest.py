"""Fixtures: the policies of `tests.rollout.world`, a retriever, an engine."""

from __future__ import annotations

from pathlib import Path

import hypothesis
import pytest

from medrwr.config import RolloutSettings
from medrwr.policy.loading import Policy
from medrwr.rollout.engine import RolloutEngine
from tests.rollout.world import DictionaryRetriever, build_policy, draw_images

hypothesis.settings.register_profile("rollout", deadline=None, derandomize=True, max_examples=100)
hypothesis.settings.load_profile("rollout")


@pytest.fixture(scope="session")
def image_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw_images(tmp_path_factory.mktemp("images"))


@pytest.fixture(scope="session")
def policy(image_root: Path) -> Policy:
    """Each tag is one added token."""
    return build_policy(image_root)


@pytest.fixture(scope="session")
def wordy_policy(image_root: Path) -> Policy:
    """Each tag is several ordinary tokens, as in a checkpoint that was not made for this protocol."""
    return build_policy(image_root, family="wordy bpe")


@pytest.fixture(scope="session")
def unigram_policy(image_root: Path) -> Policy:
    """Its tokenizer keeps blanks inside the words."""
    return build_policy(image_root, family="unigram")


@pytest.fixture(scope="session")
def wordpiece_policy(image_root: Path) -> Policy:
    """Its tokenizer loses blanks and puts them back."""
    return build_policy(image_root, family="wordpiece")


@pytest.fixture
def retriever() -> DictionaryRetriever:
    return DictionaryRetriever()


@pytest.fixture
def settings() -> RolloutSettings:
    return RolloutSettings(batch_size=16)


@pytest.fixture
def engine(policy: Policy, retriever: DictionaryRetriever, settings: RolloutSettings) -> RolloutEngine:
    return RolloutEngine(policy, retriever, settings)
