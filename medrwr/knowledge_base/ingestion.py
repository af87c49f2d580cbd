"""A folder of documents -> passages.jsonl, terms.jsonl and quarantine.jsonl, doing again only what changed.

Each file's passages are kept in a cache under the digest of its bytes, of the settings, and of this package's code.
What is written depends on the folder and the settings alone: not on the cache, nor on how often a run was killed.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Protocol

from medrwr.config import KnowledgeBaseSettings, SourceSettings
from medrwr.digests import file_digest
from medrwr.errors import ArtefactError
from medrwr.knowledge_base.cache import Cache, Entry
from medrwr.knowledge_base.entries import entries_of
from medrwr.knowledge_base.files import list_files
from medrwr.knowledge_base.keys import DigestedFile, digested
from medrwr.knowledge_base.output import PASSAGES, QUARANTINE, TERMS, Ingested, write
from medrwr.types import Quarantined

_COMMIT_EVERY_S = 1.0
Progress = Callable[[int, int, str], None]
FileEntries = tuple[DigestedFile, Iterable[Entry | Quarantined]]


class Reading(Protocol):
    """Reads files, in this process or elsewhere, and gives each with its entries, in their order."""

    def __call__(
        self, files: Sequence[DigestedFile], *, source: str, settings: KnowledgeBaseSettings, entry: SourceSettings
    ) -> Iterator[FileEntries]: ...


def read_here(
    files: Sequence[DigestedFile], *, source: str, settings: KnowledgeBaseSettings, entry: SourceSettings
) -> Iterator[FileEntries]:
    """One file after the other."""
    for file in files:
        yield file, entries_of(file, source=source, settings=settings, entry=entry)


def ingest(
    folder: Path,
    out: Path,
    store: Cache,
    *,
    source: str,
    settings: KnowledgeBaseSettings,
    entry: SourceSettings,
    progress: Progress | None = None,
    reading: Reading = read_here,
) -> Ingested:
    """Bring `out` up to date with `folder`; the same files come out whoever does the `reading`.

    Raises:
        ArtefactError: the folder is missing, has no file, or no file in it is a usable document.
    """
    files = digested(list_files(folder, source), source, settings, entry)

    def attempt() -> Ingested:
        read = partial(update, source=source, settings=settings, entry=entry, progress=progress, reading=reading)
        return _ingest(folder, out, store, files, read, source=source, settings=settings)

    try:
        return attempt()
    except sqlite3.OperationalError as error:
        if "locked" not in str(error):
            raise
        raise ArtefactError(f"another ingestion of source {source!r} is running: wait for it, or end it") from None
    except sqlite3.DatabaseError:
        store.begin_again()
        return attempt()


def _ingest(
    folder: Path,
    out: Path,
    store: Cache,
    files: list[DigestedFile],
    read: Callable[[Cache, list[DigestedFile]], int],
    *,
    source: str,
    settings: KnowledgeBaseSettings,
) -> Ingested:
    state = _state(files, settings)
    if store.recall("state") == state and store.recall("out") == _digest_of(out):
        return Ingested(**json.loads(store.recall("counts")))
    changed = read(store, files)
    ids = [file.file_id for file in files]
    counts = write(store, ids, out, folder=folder, source=source, threshold=settings.near_duplicates)
    store.remember("state", "")  # a kill between these lines costs a rewrite, never a wrong answer
    store.remember("counts", json.dumps(asdict(counts)))
    store.remember("out", _digest_of(out))
    store.remember("state", state)
    return Ingested(**{**asdict(counts), "read": changed})


def update(
    store: Cache,
    files: list[DigestedFile],
    *,
    source: str,
    settings: KnowledgeBaseSettings,
    entry: SourceSettings,
    progress: Progress | None = None,
    reading: Reading = read_here,
) -> int:
    """Read the files whose key is not in the cache, forget those that are gone; returns how many were read."""
    known = store.keys()
    store.remove(known.keys() - {file.file_id for file in files})
    changed = [file for file in files if known.get(file.file_id) != file.key]
    committed = time.monotonic()
    pairs = reading(changed, source=source, settings=settings, entry=entry)
    for number, (file, entries) in enumerate(pairs, start=1):
        store.replace(file.file_id, file.key, entries)
        if time.monotonic() - committed > _COMMIT_EVERY_S:
            store.commit()
            committed = time.monotonic()
        if progress is not None:
            progress(number, len(changed), "files read")
    store.commit()
    return len(changed)


def _state(files: list[DigestedFile], settings: KnowledgeBaseSettings) -> str:
    state = [settings.near_duplicates, [[file.file_id, file.key] for file in files]]
    return hashlib.sha256(json.dumps(state).encode()).hexdigest()


def _digest_of(out: Path) -> str:
    """Of the three files; empty when one is missing."""
    paths = [out / name for name in (PASSAGES, TERMS, QUARANTINE)]
    return " ".join(map(file_digest, paths)) if all(path.is_file() for path in paths) else ""
