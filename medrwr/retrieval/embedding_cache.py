"""Vectors kept by content and encoder: a text is encoded once, whichever passage, source or index it comes back in.

One sqlite file an encoder digest; a run killed while writing loses its last batch only. Deleting the folder costs
time and nothing else.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from medrwr.retrieval.encoder import Matrix, TextEncoder

_KNOWN = "SELECT key, vector FROM vectors WHERE key IN (SELECT value FROM json_each(?))"


class EmbeddingCache:
    """Vectors of `dim` float32 by a key of the caller's."""

    def __init__(self, folder: Path, *, digest: str, dim: int) -> None:
        """`digest`: of the encoder; another encoder has another file."""
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / f"{digest[:16]}-{dim}.sqlite"
        self._dim = dim
        with self._open() as store:
            store.execute("CREATE TABLE IF NOT EXISTS vectors (key TEXT PRIMARY KEY, vector BLOB) WITHOUT ROWID")

    def vectors(self, keys: Sequence[str], make: Callable[[list[int]], Matrix]) -> Matrix:
        """Vectors [len(keys), dim]; those not known come from `make(rows)` and are kept."""
        found = self._read(keys)
        vectors = np.zeros((len(keys), self._dim), np.float32)
        for row, key in enumerate(keys):
            if key in found:
                vectors[row] = np.frombuffer(found[key], np.float32)
        first = {key: row for row, key in reversed(list(enumerate(keys))) if key not in found}
        if first:
            rows = sorted(first.values())
            vectors[rows] = make(rows)
            self._write([(keys[row], vectors[row].tobytes()) for row in rows])
            for row, key in enumerate(keys):
                if key in first:
                    vectors[row] = vectors[first[key]]
        return vectors

    def _read(self, keys: Sequence[str]) -> dict[str, bytes]:
        with self._open() as store:
            found = dict(store.execute(_KNOWN, (json.dumps(list(keys)),)))
        return {key: value for key, value in found.items() if len(value) == 4 * self._dim}

    def _write(self, entries: Sequence[tuple[str, bytes]]) -> None:
        with self._open() as store:
            store.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", entries)

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        store = sqlite3.connect(self._path, timeout=60)
        try:
            store.execute("PRAGMA journal_mode=WAL")
            store.execute("PRAGMA synchronous=NORMAL")
            with store:
                yield store
        finally:
            store.close()


class CachedTextEncoder:
    """A `TextEncoder` that asks the one inside only for texts that are not in the cache."""

    def __init__(self, encoder: TextEncoder, folder: Path, *, keep_queries: bool = False) -> None:
        """`keep_queries`: for queries that come back, as a gate's do; others seldom come back."""
        self._encoder, self._keep_queries = encoder, keep_queries
        self._cache = EmbeddingCache(folder, digest=encoder.digest, dim=encoder.dim)

    @property
    def name(self) -> str:
        return self._encoder.name

    @property
    def digest(self) -> str:
        return self._encoder.digest

    @property
    def dim(self) -> int:
        return self._encoder.dim

    def encode(self, texts: Sequence[str]) -> Matrix:
        """As the protocol says."""
        return self._cache.vectors(_keys(texts), lambda rows: self._encoder.encode([texts[row] for row in rows]))

    def encode_queries(self, texts: Sequence[str]) -> Matrix:
        """As the protocol says; a model of two towers gives a text two vectors."""
        if not self._keep_queries:
            return self._encoder.encode_queries(texts)
        keys = [f"query:{key}" for key in _keys(texts)]
        return self._cache.vectors(keys, lambda rows: self._encoder.encode_queries([texts[row] for row in rows]))


def _keys(texts: Sequence[str]) -> list[str]:
    return [hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32] for text in texts]
