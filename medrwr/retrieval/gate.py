"""The recall gate of a vector index: its search settings are the cheapest that find what an exact scan finds.

An index that does not reach the bar at its most thorough setting is not published.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medrwr.errors import IndexRecallError
from medrwr.retrieval.encoder import Matrix, normalise
from medrwr.retrieval.lance import LanceTable
from medrwr.retrieval.manifest import Generation
from medrwr.retrieval.tables import tables_uri
from medrwr.retrieval.vector_index import LADDER


def tuned_search(
    folder: Path, generation: Generation, queries: Matrix, *, k: int, limit: int, minimum: float
) -> Mapping[str, int]:
    """The cheapest settings with recall@`k` of at least `minimum` when `limit` rows are asked for.

    Raises:
        IndexRecallError: none reaches it.
    """
    truth = exact_scores(folder, generation, queries, k=k)
    recall = 0.0
    for search in LADDER:
        table = LanceTable(folder, generation.table, version=generation.version, search=search)
        recall = score_recall([[hit.score for hit in hits[:k]] for hits in table.nearest(queries, limit=limit)], truth)
        if recall >= minimum:
            return search
    raise IndexRecallError(
        f"the vector index over {generation.manifest.rows} rows has recall@{k} {recall:.3f} at its most thorough "
        f"setting, at least {minimum} is asked for: nothing was published; raise exact_below to scan exactly"
    )


def score_recall(found: Sequence[Sequence[float]], truth: NDArray[Any]) -> float:
    """Share of the `k` true scores [N, k] that were reached: a row as near as the k-th one counts, so ties do."""
    hits = [
        sum(score >= best[-1] - 1e-4 for score in scores[: len(best)])
        for scores, best in zip(found, truth, strict=True)
    ]
    return float(np.sum(hits)) / max(1, truth.size)


def exact_scores(folder: Path, generation: Generation, queries: Matrix, *, k: int) -> NDArray[Any]:
    """Cosines [N, k] of the k nearest rows, best first, by a scan of all vectors, a batch of them in memory at once."""
    import lancedb

    table = lancedb.connect(tables_uri(folder)).open_table(generation.table)
    table.checkout(generation.version)
    best = np.full((len(queries), k), -np.inf, np.float32)
    for batch in table.search().select(["vector"]).to_batches(16384):
        flat = batch["vector"].flatten().to_numpy(zero_copy_only=False)
        scores = queries @ normalise(flat.reshape(batch.num_rows, -1)).T
        joined = np.concatenate([best, scores], axis=1)
        best = -np.sort(-np.partition(joined, -k, axis=1)[:, -k:], axis=1)
    return best[:, : min(k, generation.manifest.rows)]
