"""Cluster (M11): k-means over features that are made once, representatives near the centres, a page to look at."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from medrwr.curation.cluster import Clusters, assign, cluster, coverage
from medrwr.curation.cluster_page import cluster_page
from medrwr.curation.features import BLOCK, image_features
from medrwr.errors import ConfigError
from medrwr.types import ImageCase


@dataclass
class ColourEncoder:
    """A vector of an image's mean colour; notes how many it was given."""

    name: str = "colour"
    digest: str = "d1"
    dim: int = 3
    seen: list[int] = field(default_factory=list)

    def encode_images(self, images) -> np.ndarray:
        self.seen.append(len(images))
        means = np.array([np.asarray(image.convert("RGB"), np.float32).mean((0, 1)) for image in images])
        return means / np.linalg.norm(means, axis=1, keepdims=True)

    def encode_texts(self, texts) -> np.ndarray:
        pytest.fail("image features need no text tower")


def archive(root: Path, count: int) -> list[ImageCase]:
    """Red, green and blue images in turn, no two alike."""
    cases = []
    for number in range(count):
        colour = [10, 10, 10]
        colour[number % 3] = 200 - number % 50
        Image.new("RGB", (4, 4), tuple(colour)).save(root / f"{number}.png")
        cases.append(ImageCase(f"c{number}", f"{number}.png", f"A caption <{number}>.", ("CT", "MR", "US")[number % 3]))
    return cases


def test_m11_clusters_by_hand() -> None:
    """Two clusters on a line: centres at 1 and 11, squared distances 1 and 1 each."""
    features = np.array([[0.0], [2.0], [10.0], [12.0]], np.float32)
    found = cluster(features, 2, seed=0)
    assert sorted(found.centres[:, 0].tolist()) == pytest.approx([1.0, 11.0])
    assert found.labels[0] == found.labels[1] != found.labels[2] == found.labels[3]
    assert found.inertia == pytest.approx(4.0)
    assert sorted(found.sizes().tolist()) == [2, 2]


def test_representatives_are_the_nearest_of_each_cluster() -> None:
    labels, distances = np.array([1, 0, 1, 0, 1], np.int32), np.array([3.0, 2.0, 1.0, 5.0, 2.0], np.float32)
    found = Clusters(np.zeros((3, 1), np.float32), labels, distances)
    assert found.representatives(1) == [1, 2]
    assert found.representatives(2) == [1, 3, 2, 4]
    assert found.sizes().tolist() == [2, 3, 0]
    assert coverage([1, 0, 1], [0], ["CT", "CT", "MR"]) == {"CT": (2, 2, 1), "MR": (1, 1, 0)}


def test_assignment_is_that_of_all_distances() -> None:
    draw = np.random.default_rng(0)
    features, centres = draw.normal(size=(5000, 8)).astype(np.float32), draw.normal(size=(7, 8)).astype(np.float32)
    labels, distances = assign(features, centres)
    every = ((features[:, None] - centres[None]) ** 2).sum(2)
    assert np.array_equal(labels, every.argmin(1))
    assert np.allclose(distances, every.min(1), atol=1e-4)


def test_the_same_seed_gives_the_same_clusters_and_a_bad_count_stops() -> None:
    features = np.random.default_rng(1).normal(size=(600, 8)).astype(np.float32)
    one, two = cluster(features, 20, seed=3), cluster(features, 20, seed=3)
    assert np.array_equal(one.centres, two.centres)
    with pytest.raises(ConfigError, match="601 clusters of 600 cases"):
        cluster(features, 601, seed=3)


def test_features_are_made_once_and_a_changed_image_makes_its_block_again(tmp_path: Path) -> None:
    cases = archive(tmp_path, BLOCK + 3)
    encoder = ColourEncoder()
    first = image_features(cases, tmp_path, encoder, tmp_path / "features")
    assert encoder.seen == [BLOCK, 3]
    again = image_features(cases, tmp_path, encoder, tmp_path / "features")
    assert encoder.seen == [BLOCK, 3]
    assert np.array_equal(first, again)
    Image.new("RGB", (4, 4), (9, 9, 9)).save(tmp_path / cases[-1].image)
    changed = image_features(cases, tmp_path, encoder, tmp_path / "features")
    assert encoder.seen == [BLOCK, 3, 3]
    assert not np.array_equal(first[-1], changed[-1])
    image_features(cases, tmp_path, ColourEncoder(digest="d2"), tmp_path / "features")
    assert len(list((tmp_path / "features").glob("*.npy"))) == 5  # another encoder's features are others


def test_modalities_fall_apart_and_the_page_shows_them(tmp_path: Path) -> None:
    cases = archive(tmp_path, 30)
    features = image_features(cases, tmp_path, ColourEncoder(), tmp_path / "features")
    found = cluster(features, 3, seed=0)
    assert len({(case.modality, int(label)) for case, label in zip(cases, found.labels, strict=True)}) == 3
    page = cluster_page(cases, tmp_path, found, found.representatives(2))
    assert "30 cases in 3 clusters, 6 chosen" in page
    assert "<td>MR</td><td>10</td><td>1</td><td>2</td>" in page
    assert "A caption &lt;" in page
    assert "<0>" not in page
    assert page.count("data:image/jpeg") == 24
