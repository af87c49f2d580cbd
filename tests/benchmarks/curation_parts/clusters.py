"""Clustering synthetic features into the paper's 2,000 clusters, beside scikit-learn's plain k-means (M11)."""

from __future__ import annotations

import resource
import time
from pathlib import Path

import numpy as np

from medrwr.curation.cluster import cluster
from medrwr.retrieval.encoder import Matrix, normalise

DIM = 512
PLAIN_ROUNDS = 10


def clusters(root: Path, data: Path, *, small: bool) -> dict[str, float]:
    """Seconds, peak memory of the process, and both ways' inertia; the plain way runs a limited number of rounds."""
    from sklearn.cluster import KMeans

    rows, count = (5_000, 100) if small else (100_000, 2_000)
    features = synthetic(rows, count)
    before = time.perf_counter()
    found = cluster(features, count, seed=7)
    ours = time.perf_counter() - before
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    before = time.perf_counter()
    plain = KMeans(count, n_init=1, max_iter=PLAIN_ROUNDS, init="random", random_state=7).fit(features)
    theirs = time.perf_counter() - before
    return {
        "clusters_s": ours,
        "clusters_peak_gib": peak,
        "clusters_plain_s": theirs,
        "clusters_times_plain": theirs / ours,
        "clusters_inertia_over_plain": found.inertia / float(plain.inertia_),
        "clusters_empty": float((found.sizes() == 0).sum()),
    }


def synthetic(rows: int, count: int) -> Matrix:
    """Normalised features around `count` centres of unequal weight, as an archive's kinds of images are."""
    draw = np.random.default_rng(7)
    centres = draw.normal(size=(count, DIM)).astype(np.float32)
    weights = draw.pareto(1.5, count) + 0.2
    own = draw.choice(count, rows, p=weights / weights.sum())
    return normalise(centres[own] + 0.8 * draw.standard_normal((rows, DIM), dtype=np.float32))
