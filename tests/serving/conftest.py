"""A policy that keeps to the protocol (trained for seconds), saved as a checkpoint, and where its images are."""

from __future__ import annotations

from pathlib import Path

import pytest

from medrwr.policy.loading import Policy, save_policy
from tests.rollout.world import build_policy, draw_images


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw_images(tmp_path_factory.mktemp("images"))


@pytest.fixture(scope="session")
def trained(images: Path) -> Policy:
    return build_policy(images)


@pytest.fixture(scope="session")
def checkpoint(trained: Policy, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("checkpoint") / "policy"
    save_policy(trained, folder)
    return folder
