"""A policy that keeps to the protocol (trained for seconds), saved as a checkpoint, and where its images are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from medrwr.policy.loading import Policy, save_policy
from tests.rollout.conftest import build_policy


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("images")
    for number in range(4):
        pixels = np.random.default_rng(number).integers(0, 255, (112, 112), dtype=np.uint8)
        Image.fromarray(pixels).save(root / f"{number}.png")
    return root


@pytest.fixture(scope="session")
def trained(images: Path) -> Policy:
    return build_policy(images)


@pytest.fixture(scope="session")
def checkpoint(trained: Policy, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("checkpoint") / "policy"
    save_policy(trained, folder)
    return folder
