"""What was made of each file, kept in one SQLite database: only files that changed are read again.

SQLite's journal makes it safe to kill at any instant: a file is in the cache with all of its documents, or not at all.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from medrwr.errors import ArtefactError
from medrwr.types import Quarantined

_SCHEMA = """
CREATE TABLE IF NOT EXISTS files (file_id TEXT PRIMARY KEY, key TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS documents (
  file_id TEXT, position INTEGER, passages INTEGER, lines BLOB, signatures BLOB, terms TEXT,
  PRIMARY KEY (file_id, position)
);
CREATE TABLE IF NOT EXISTS rejected (
  file_id TEXT, position INTEGER, record_id TEXT, source TEXT, reason TEXT, PRIMARY KEY (file_id, position)
);
CREATE TABLE IF NOT EXISTS outcome (name TEXT PRIMARY KEY, value TEXT);
"""
_PATIENCE_S = 10.0
_REMOVE = (
    "DELETE FROM files WHERE file_id = ?",
    "DELETE FROM documents WHERE file_id = ?",
    "DELETE FROM rejected WHERE file_id = ?",
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One document, made into passages: their JSON lines, one after the other, and their MinHash signatures."""

    passages: int
    lines: bytes
    signatures: bytes
    terms: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Outline:
    """Where a document's passages are, and all about it but their text."""

    file_id: str
    position: int
    passages: int
    signatures: bytes
    terms: tuple[tuple[str, ...], ...]


class Cache:
    """One source's cache. One process at a time writes to it."""

    def __init__(self, path: Path | None = None) -> None:
        """Open the cache at `path`, or one in memory; a damaged cache is begun again.

        Raises:
            ArtefactError: another process is writing to it.
        """
        self._path = path
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._database = _open(path)
        except sqlite3.OperationalError as error:
            raise ArtefactError(f"the cache {path} cannot be used ({error}): is another ingestion running?") from None
        except sqlite3.DatabaseError:
            self.begin_again()

    def begin_again(self) -> None:
        """Forget everything: the cache is damaged."""
        if self._path is not None:
            self.close()
            self._path.unlink(missing_ok=True)
            self._path.with_name(self._path.name + "-journal").unlink(missing_ok=True)
        self._database = _open(self._path)

    def keys(self) -> dict[str, str]:
        """File id -> key of the content and settings that its entries were made of."""
        return dict(self._database.execute("SELECT file_id, key FROM files"))

    def replace(self, file_id: str, key: str, items: Iterable[Entry | Quarantined]) -> None:
        """Put a file's entries in the place of its old ones; seen by others after `commit`."""
        self.remove([file_id])
        for position, item in enumerate(items):
            if isinstance(item, Quarantined):
                row = (file_id, position, item.record_id, item.origin, item.reason)
                self._database.execute("INSERT INTO rejected VALUES (?, ?, ?, ?, ?)", row)
            else:
                values = (file_id, position, item.passages, item.lines, item.signatures, json.dumps(item.terms))
                self._database.execute("INSERT INTO documents VALUES (?, ?, ?, ?, ?, ?)", values)
        self._database.execute("INSERT INTO files VALUES (?, ?)", (file_id, key))

    def remove(self, file_ids: Iterable[str]) -> None:
        for file_id in file_ids:
            for statement in _REMOVE:
                self._database.execute(statement, (file_id,))

    def commit(self) -> None:
        self._database.commit()

    def outline(self, file_ids: Iterable[str]) -> Iterator[Outline]:
        """The documents of these files in their order, without their passages' text."""
        query = "SELECT position, passages, signatures, terms FROM documents WHERE file_id = ? ORDER BY position"
        for file_id in file_ids:
            for position, passages, signatures, terms in self._database.execute(query, (file_id,)):
                yield Outline(file_id, position, passages, signatures, tuple(map(tuple, json.loads(terms))))

    def lines(self, file_id: str, position: int) -> list[bytes]:
        """The passages of one document, as JSON."""
        query = "SELECT lines FROM documents WHERE file_id = ? AND position = ?"
        (found,) = self._database.execute(query, (file_id, position)).fetchone()
        return bytes(found).split(b"\n")[:-1]

    def rejected(self, file_ids: Iterable[str]) -> Iterator[Quarantined]:
        """Of these files, in their order."""
        query = "SELECT record_id, source, reason FROM rejected WHERE file_id = ? ORDER BY position"
        for file_id in file_ids:
            for row in self._database.execute(query, (file_id,)):
                yield Quarantined(*row)

    def remember(self, name: str, value: str) -> None:
        self._database.execute("INSERT OR REPLACE INTO outcome VALUES (?, ?)", (name, value))
        self._database.commit()

    def recall(self, name: str) -> str:
        row = self._database.execute("SELECT value FROM outcome WHERE name = ?", (name,)).fetchone()
        return str(row[0]) if row else ""

    def close(self) -> None:
        if hasattr(self, "_database"):
            self._database.close()


def _open(path: Path | None) -> sqlite3.Connection:
    database = sqlite3.connect(":memory:" if path is None else path, timeout=_PATIENCE_S)
    try:
        database.execute("PRAGMA synchronous = NORMAL")
        database.executescript(_SCHEMA)
    except sqlite3.DatabaseError:
        database.close()
        raise
    return database
