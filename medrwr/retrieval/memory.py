"""A small index held in memory: the same answers as the LanceDB table that it was read from, without its cost a call.

Vectors are scanned exactly. Full text is BM25 with LanceDB's own parameters (Robertson & Zaragoza 2009, k1 = 1.2,
b = 0.75, idf = ln(1 + (N - n + .5) / (n + .5))), so that it makes no difference to a ranking which of the two
answers; a test compares them.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from medrwr.retrieval.encoder import Matrix, normalise
from medrwr.retrieval.filters import PassageFilter
from medrwr.retrieval.lance import Hit, LanceTable, Table, require_table
from medrwr.retrieval.manifest import Generation
from medrwr.retrieval.tables import tables_uri

if TYPE_CHECKING:
    import pyarrow as pa

_K1, _B = 1.2, 0.75


class MemoryTable:
    """Rows with `id`, `vector` and, where full text is asked, a column of blank-separated index terms."""

    def __init__(self, rows: pa.Table, *, text: str | None = None) -> None:
        """Read all of `rows` into memory."""
        self._rows = rows.sort_by("id")
        rows = self._rows
        self._ids: list[str] = rows["id"].to_pylist()
        flat = rows["vector"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
        self._vectors = normalise(flat.reshape(len(self._ids), -1))
        self._vocabulary: dict[str, int] = {}
        if text:
            self._weights = self._bm25([line.split() for line in rows[text].to_pylist()])

    def nearest(self, vectors: Matrix, *, limit: int, where: PassageFilter | None = None) -> list[list[Hit]]:
        """As `LanceTable.nearest`."""
        return self._top(vectors @ self._vectors.T, limit, above=-math.inf, where=where)

    def matching(
        self,
        terms: Sequence[str],
        *,
        column: str,  # noqa: ARG002 - the signature of `LanceTable.matching`
        limit: int,
        where: PassageFilter | None = None,
    ) -> list[list[Hit]]:
        """As `LanceTable.matching`; the column is the one read at first."""
        from scipy.sparse import csr_array

        asked = [Counter(self._known(text)) for text in terms]
        if not asked:
            return []
        queries = csr_array(_triplets(asked), shape=(len(asked), len(self._vocabulary)), dtype=np.float32)
        return self._top((queries @ self._weights).toarray(), limit, above=0.0, where=where)

    def take(self, row_ids: Sequence[int], columns: Sequence[str]) -> pa.Table:
        """Rows by number, in that order."""
        return self._rows.select(list(columns)).take(list(row_ids))

    def _known(self, text: str) -> list[int]:
        return [self._vocabulary[term] for term in text.split() if term in self._vocabulary]

    def _bm25(self, documents: Sequence[Sequence[str]]) -> Any:
        """Weights [terms, rows], sparse: a row's score is the sum of those of the query's terms."""
        from scipy.sparse import csr_array

        self._vocabulary = {term: i for i, term in enumerate(sorted({term for words in documents for term in words}))}
        counts = [Counter(self._vocabulary[term] for term in words) for words in documents]
        holders = Counter(term for count in counts for term in count)
        mean = sum(map(len, documents)) / len(documents)
        weighted: list[Mapping[int, float]] = []
        for words, count in zip(documents, counts, strict=True):
            norm = _K1 * (1 - _B + _B * len(words) / mean)
            weighted.append({t: _idf(len(counts), holders[t]) * n * (_K1 + 1) / (n + norm) for t, n in count.items()})
        shape = (len(documents), len(self._vocabulary))
        return csr_array(_triplets(weighted), shape=shape, dtype=np.float32).T.tocsr()

    def _top(self, scores: NDArray[Any], limit: int, *, above: float, where: PassageFilter | None) -> list[list[Hit]]:
        """The best rows of each query; `scores` [queries, rows]."""
        rows = np.arange(scores.shape[1])
        if where is not None:
            rows = np.flatnonzero(where.mask(self._rows))
            scores = scores[:, rows]
        if not len(rows):
            return [[] for _ in scores]
        count = min(limit, len(rows))
        return [self._best(row, rows, count, above) for row in scores]

    def _best(self, scores: NDArray[Any], rows: NDArray[Any], count: int, above: float) -> list[Hit]:
        """Ties, scores that differ by rounding alone included, go by row number: the order of ids."""
        floor = np.partition(scores, -count)[-count] - 1e-4
        near = np.flatnonzero(scores >= max(floor, above))
        order = near[np.lexsort((near, -np.round(scores[near].astype(np.float64), 5)))][:count]
        return [
            Hit(self._ids[rows[column]], int(rows[column]), float(scores[column]))
            for column in order.tolist()
            if scores[column] > above
        ]


def open_table(folder: Path, generation: Generation, *, text: str | None = None) -> Table:
    """The generation's table: in memory when it is searched exactly, else LanceDB's own search.

    Raises:
        ArtefactError: there is no such table.
    """
    require_table(folder, generation.table)
    if generation.search:
        return LanceTable(folder, generation.table, version=generation.version, search=generation.search)
    import lancedb

    table = lancedb.connect(tables_uri(folder)).open_table(generation.table)
    table.checkout(generation.version)
    return MemoryTable(table.to_arrow(), text=text)


def _idf(rows: int, holders: int) -> float:
    return math.log(1 + (rows - holders + 0.5) / (holders + 0.5))


def _triplets(rows: Sequence[Mapping[int, float]]) -> tuple[list[float], tuple[list[int], list[int]]]:
    """(values, (row numbers, column numbers)) of a sparse matrix."""
    entries = [(value, row, column) for row, values in enumerate(rows) for column, value in values.items()]
    return [e[0] for e in entries], ([e[1] for e in entries], [e[2] for e in entries])
