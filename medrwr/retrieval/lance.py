"""LanceDB from synchronous code: many full-text queries at once, on an event loop of its own.

A Python call into LanceDB costs milliseconds whatever it does; 64 calls awaited together cost little more than a few.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from medrwr.errors import ArtefactError, RetrievalError
from medrwr.retrieval.encoder import Matrix
from medrwr.retrieval.filters import PassageFilter
from medrwr.retrieval.tables import has_table, tables_uri

if TYPE_CHECKING:
    import pyarrow as pa

DEFAULT_SEARCH: Mapping[str, int] = {"nprobes": 64, "refine_factor": 60}


class Hit(NamedTuple):
    """One row found: its id, row number and score (cosine or BM25)."""

    identity: str
    row: int
    score: float


class Table(Protocol):
    """What a retriever asks of a table; rows are numbered."""

    def nearest(self, vectors: Matrix, *, limit: int, where: PassageFilter | None = None) -> list[list[Hit]]:
        """Rows by cosine, nearest first, for each row of `vectors` [N, dim]."""

    def matching(
        self, terms: Sequence[str], *, column: str, limit: int, where: PassageFilter | None = None
    ) -> list[list[Hit]]:
        """Rows by BM25, best first, for each text of `terms`; a text without terms matches nothing."""

    def take(self, row_ids: Sequence[int], columns: Sequence[str]) -> pa.Table:
        """Rows by number, in that order."""


class LanceTable:
    """One version of a LanceDB table, open for reading. Safe to call from several threads."""

    def __init__(
        self,
        folder: Path,
        name: str,
        *,
        version: int | None = None,
        search: Mapping[str, int] | None = None,
        exact: bool = False,
    ) -> None:
        """Open `version` (None: the last); `exact` goes past the vector index, where there is one.

        `search`: settings of the vector index (nprobes, refine_factor), as tuned when it was built.

        Raises:
            ArtefactError: there is no such table.
        """
        require_table(folder, name)
        self._exact = exact
        self._search = dict(search or DEFAULT_SEARCH)
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True, name=f"lance-{name}").start()
        self._table = self._wait(self._open(folder, name, version))

    def nearest(self, vectors: Matrix, *, limit: int, where: PassageFilter | None = None) -> list[list[Hit]]:
        """As the protocol says."""
        if not len(vectors):
            return []
        hits: list[list[Hit]] = self._wait(self._nearest_all(vectors, limit, where))
        return hits

    def matching(
        self, terms: Sequence[str], *, column: str, limit: int, where: PassageFilter | None = None
    ) -> list[list[Hit]]:
        """As the protocol says."""
        asked = [text for text in terms if text]
        tables = iter(self._wait(self._match_all(asked, column, limit, where)))
        return [_split(next(tables), by=None, key="_score", parts=1)[0] if text else [] for text in terms]

    def take(self, row_ids: Sequence[int], columns: Sequence[str]) -> pa.Table:
        """As the protocol says."""
        rows: pa.Table = self._wait(self._table.take_row_ids(list(row_ids)).select(list(columns)).to_arrow())
        return rows

    async def _nearest_all(self, vectors: Matrix, limit: int, where: PassageFilter | None) -> list[list[Hit]]:
        query = self._table.query().nearest_to(list(vectors) if len(vectors) > 1 else vectors[0])
        query = _filtered(query.distance_type("cosine").limit(limit), where)
        if self._exact:
            query = query.bypass_vector_index()
        else:
            for setting, value in self._search.items():
                query = getattr(query, setting)(value)
        found = await query.select(["id", "_distance"]).with_row_id().to_arrow()
        number = "query_index" if "query_index" in found.column_names else None
        return _split(found, by=number, key="_distance", parts=len(vectors))

    async def _match_all(
        self, texts: Sequence[str], column: str, limit: int, where: PassageFilter | None
    ) -> list[pa.Table]:
        from lancedb import query as lance_query

        match: Any = lance_query.MatchQuery  # its stub misses the defaults

        def ask(text: str) -> Any:
            query = _filtered(self._table.query().nearest_to_text(match(text, column)).limit(limit), where)
            return query.select(["id", "_score"]).with_row_id().to_arrow()

        return list(await asyncio.gather(*(ask(text) for text in texts)))

    async def _open(self, folder: Path, name: str, version: int | None) -> Any:
        import lancedb

        table = await (await lancedb.connect_async(tables_uri(folder))).open_table(name)
        if version is not None:
            await table.checkout(version)
        return table

    def _wait(self, work: Awaitable[Any]) -> Any:
        async def run() -> Any:
            return await work

        try:
            return asyncio.run_coroutine_threadsafe(run(), self._loop).result()
        except (RuntimeError, ValueError, OSError) as error:
            raise RetrievalError(
                f"LanceDB failed: {error}: check the index, or build it again (`dvc repro`)"
            ) from error


def require_table(folder: Path, name: str) -> None:
    """Raise ArtefactError when the index in the folder has no such table."""
    if not has_table(folder, name):
        raise ArtefactError(f"{folder} holds no table {name!r}: run the stage that builds it (`dvc repro`)")


def _filtered(query: Any, where: PassageFilter | None) -> Any:
    expression = where.expression() if where else None
    return query if expression is None else query.where(expression)


def best_first(hits: Sequence[Hit]) -> list[Hit]:
    """Sorted by score; scores that differ by rounding alone are ties, and ties go by id."""
    return sorted(hits, key=lambda hit: (-round(hit.score, 5), hit.identity))


def _split(found: pa.Table, *, by: str | None, key: str, parts: int) -> list[list[Hit]]:
    """Rows of one answer as hits of each query, best first, ties by id. A distance becomes a cosine."""
    numbers = found[by].to_pylist() if by else [0] * found.num_rows
    values = found[key].to_pylist()
    scores = [1 - value for value in values] if key == "_distance" else values
    lists: list[list[Hit]] = [[] for _ in range(parts)]
    columns = (numbers, found["id"].to_pylist(), found["_rowid"].to_pylist(), scores)
    for number, identity, row, score in zip(*columns, strict=True):
        lists[number].append(Hit(identity, row, score))
    return [best_first(hits) for hits in lists]
