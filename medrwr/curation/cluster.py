"""Cluster (M11): image features, mini-batch k-means, and the cases near the centres, which stand for the archive."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medrwr.errors import ConfigError
from medrwr.retrieval.encoder import Matrix

BATCH = 8192
_ROUNDS = 12  # passes over the archive at most
_PATIENCE = 20  # batches without a lower inertia
_LAST_STEPS = 2  # exact ones, of Lloyd's algorithm, behind the mini-batches
_ASSIGNED_AT_A_TIME = 4096


@dataclass(frozen=True, slots=True)
class Clusters:
    """k centres [k, dim]; of each case its cluster [N] and its squared distance to that centre [N]."""

    centres: Matrix
    labels: NDArray[np.int32]
    distances: NDArray[np.float32]

    @property
    def inertia(self) -> float:
        """Sum of the squared distances: what k-means makes small."""
        return float(self.distances.sum(dtype=np.float64))

    def representatives(self, each: int) -> list[int]:
        """Positions of the `each` nearest cases of every cluster, nearest first, cluster by cluster."""
        order = np.lexsort((self.distances, self.labels))
        ranked = self.labels[order]
        first = np.searchsorted(ranked, ranked, side="left")
        return [int(case) for case in order[np.arange(len(order)) - first < each]]

    def sizes(self) -> NDArray[np.int64]:
        """Cases of each cluster [k]."""
        return np.bincount(self.labels, minlength=len(self.centres))


def cluster(features: Matrix, count: int, *, seed: int) -> Clusters:
    """k-means with `count` clusters of features [N, dim]; the same seed gives the same clusters.

    Raises:
        ConfigError: more clusters than cases, or fewer than one.
    """
    from sklearn.cluster import MiniBatchKMeans

    if not 1 <= count <= len(features):
        raise ConfigError(f"{count} clusters of {len(features)} cases: give 1 to {len(features)}")
    means = MiniBatchKMeans(
        count,
        batch_size=BATCH,
        max_iter=_ROUNDS,
        max_no_improvement=_PATIENCE,
        n_init=1,
        init_size=min(len(features), 3 * count),
        reassignment_ratio=0.0,
        compute_labels=False,
        random_state=seed,
    )
    means.fit(features)
    centres = np.ascontiguousarray(means.cluster_centers_, np.float32)
    for _ in range(_LAST_STEPS):
        centres = _means(features, assign(features, centres)[0], centres)
    return Clusters(centres, *assign(features, centres))


def _means(features: Matrix, labels: NDArray[np.int32], centres: Matrix) -> Matrix:
    """The mean of each cluster's rows; an empty cluster keeps its centre."""
    sums = np.zeros(centres.shape, np.float64)
    np.add.at(sums, labels, features)
    sizes = np.bincount(labels, minlength=len(centres))[:, None]
    means: Matrix = np.where(sizes > 0, sums / np.maximum(sizes, 1), centres).astype(np.float32)
    return means


def assign(features: Matrix, centres: Matrix) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Of each row its nearest centre [N] and the squared distance [N], a block at a time."""
    labels = np.empty(len(features), np.int32)
    distances = np.empty(len(features), np.float32)
    norms = np.einsum("kd,kd->k", centres, centres)
    for start in range(0, len(features), _ASSIGNED_AT_A_TIME):
        rows = features[start : start + _ASSIGNED_AT_A_TIME]
        gaps = norms - 2.0 * (rows @ centres.T)
        found = gaps.argmin(axis=1)
        own = gaps[np.arange(len(rows)), found] + np.einsum("nd,nd->n", rows, rows)
        labels[start : start + len(rows)], distances[start : start + len(rows)] = found, np.maximum(own, 0.0)
    return labels, distances


def coverage(labels: Sequence[int], chosen: Sequence[int], names: Sequence[str]) -> dict[str, tuple[int, int, int]]:
    """By name (a modality): cases, clusters that hold such cases, and cases among the chosen ones."""
    picked = set(chosen)
    return {
        name: (
            len(members := [case for case, own in enumerate(names) if own == name]),
            len({labels[case] for case in members}),
            sum(case in picked for case in members),
        )
        for name in sorted(set(names))
    }
