"""Which cases stand for an archive (M11): those near the centres of its clusters, and a page that shows them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from medrwr.curation.cluster import cluster
from medrwr.curation.cluster_page import cluster_page
from medrwr.curation.features import image_features
from medrwr.retrieval.encoder import ImageTextEncoder
from medrwr.types import ImageCase

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Chosen:
    """The chosen cases in the archive's order, how many clusters there are, and HTML of what was clustered."""

    cases: list[ImageCase]
    clusters: int
    page: str


def choose(
    cases: Sequence[ImageCase],
    image_root: Path,
    encoder: ImageTextEncoder,
    *,
    clusters: int,
    per_cluster: int,
    seed: int,
    features: Path,
    progress: Progress | None = None,
) -> Chosen:
    """At most `per_cluster` cases of each of `clusters` clusters (of as many as there are cases, if these are fewer).

    Args:
        features: a folder that keeps the images' features, so that a killed run goes on.
    """
    vectors = image_features(cases, image_root, encoder, features, progress=progress)
    found = cluster(vectors, min(clusters, len(cases)), seed=seed)
    chosen = sorted(found.representatives(per_cluster))
    page = cluster_page(cases, image_root, found, chosen)
    return Chosen([cases[number] for number in chosen], len(found.centres), page)
