"""A folder of documents -> passages.jsonl, terms.jsonl and quarantine.jsonl, doing again only what changed.

Each file's passages are kept in a cache under the digest of its bytes, of the settings, and of this package's code.
What is written depends on the folder and the settings alone: not on the cache, nor on how often a run was killed.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from medrwr.config import KnowledgeBaseSettings, SourceSettings
from medrwr.digests import file_digest
from medrwr.errors import ArtefactError, DocumentError
from medrwr.knowledge_base.cache import Cache, Entry
from medrwr.knowledge_base.chunking import chunk_document
from medrwr.knowledge_base.content import LARGEST_TEXT
from medrwr.knowledge_base.files import list_files
from medrwr.knowledge_base.readers import read_documents
from medrwr.knowledge_base.reading import check_sections
from medrwr.knowledge_base.similarity import PERMUTATIONS, near_duplicates, sign
from medrwr.knowledge_base.terms import terms_of
from medrwr.records import to_line, write_records
from medrwr.types import Document, Passage, Quarantined

PASSAGES, TERMS, QUARANTINE = "passages.jsonl", "terms.jsonl", "quarantine.jsonl"
_MOST_REASONS = 10_000  # of one file; the rest is counted
STUMBLED = "its reader failed, which is a mistake of ours, please report it:"
_STUMBLES = (ArithmeticError, AssertionError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
_HOPELESS = 100_000  # rejected records without one document: the file is given up
_COMMIT_EVERY_S = 1.0
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Ingested:
    """What one run left: counts of the whole source, and how many files had to be read for it."""

    documents: int
    passages: int
    words: int
    longest_words: int
    near_duplicates: int
    terms: int
    quarantined: int
    files: int
    read: int = 0


@dataclass(frozen=True, slots=True)
class DigestedFile:
    """A file, its id, and the key of what its passages depend on."""

    path: Path
    file_id: str
    key: str


def ingest(
    folder: Path,
    out: Path,
    store: Cache,
    *,
    source: str,
    settings: KnowledgeBaseSettings,
    entry: SourceSettings,
    progress: Progress | None = None,
) -> Ingested:
    """Bring `out` up to date with `folder`.

    Raises:
        ArtefactError: the folder is missing, has no file, or no file in it is a usable document.
    """
    files = digested(list_files(folder, source), source, settings, entry)
    try:
        return _ingest(folder, out, store, files, source=source, settings=settings, entry=entry, progress=progress)
    except sqlite3.OperationalError as error:
        if "locked" not in str(error):
            raise
        raise ArtefactError(f"another ingestion of source {source!r} is running: wait for it, or end it") from None
    except sqlite3.DatabaseError:
        store.begin_again()
        return _ingest(folder, out, store, files, source=source, settings=settings, entry=entry, progress=progress)


def _ingest(
    folder: Path,
    out: Path,
    store: Cache,
    files: list[DigestedFile],
    *,
    source: str,
    settings: KnowledgeBaseSettings,
    entry: SourceSettings,
    progress: Progress | None,
) -> Ingested:
    state = _state(files, settings)
    if store.recall("state") == state and store.recall("out") == _digest_of(out):
        return Ingested(**json.loads(store.recall("counts")))
    changed = update(store, files, source=source, settings=settings, entry=entry, progress=progress)
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
) -> int:
    """Read the files whose key is not in the cache, forget those that are gone; returns how many were read."""
    known = store.keys()
    store.remove(known.keys() - {file.file_id for file in files})
    changed = [file for file in files if known.get(file.file_id) != file.key]
    committed = time.monotonic()
    for number, file in enumerate(changed, start=1):
        store.replace(file.file_id, file.key, _entries(file, source=source, settings=settings, entry=entry))
        if time.monotonic() - committed > _COMMIT_EVERY_S:
            store.commit()
            committed = time.monotonic()
        if progress is not None:
            progress(number, len(changed), "files read")
    store.commit()
    return len(changed)


def write(store: Cache, ids: list[str], out: Path, *, folder: Path, source: str, threshold: float) -> Ingested:
    """Write the three files, passages last: with them the source is complete.

    Raises:
        ArtefactError: there is no document.
    """
    rejected = list(store.rejected(ids))
    passages = _Passages(store, ids)
    if not passages.documents:
        reasons = "; ".join(one.reason for one in rejected[:3])
        raise ArtefactError(f"source {source!r}: none of {len(rejected)} files in {folder} is usable: {reasons}")
    left_out = near_duplicates(passages.signatures, passages.text, threshold=threshold)
    terms = terms_of(passages.terms)
    for leftover in out.glob("*.tmp"):  # of a run that was killed
        leftover.unlink()
    write_records(out / TERMS, terms)
    write_records(out / QUARANTINE, rejected)
    words, longest, written = passages.write(out / PASSAGES, left_out)
    return Ingested(
        documents=passages.documents,
        passages=written,
        words=words,
        longest_words=longest,
        near_duplicates=len(left_out),
        terms=len(terms),
        quarantined=len(rejected),
        files=len(ids),
    )


class _Passages:
    """The passages of a cache: their signatures in memory, their text read as it is needed."""

    def __init__(self, store: Cache, ids: list[str]) -> None:
        self._store = store
        self._places: list[tuple[str, int]] = []
        self._starts: list[int] = []
        self.terms: set[tuple[str, ...]] = set()
        rows = 0
        signatures: list[bytes] = []
        for one in store.outline(ids):
            self._places.append((one.file_id, one.position))
            self._starts.append(rows)
            self.terms.update(one.terms)
            signatures.append(one.signatures)
            rows += one.passages
        self.documents = len(self._places)
        self.signatures = np.frombuffer(b"".join(signatures), np.uint32).reshape(-1, PERMUTATIONS)

    def text(self, row: int) -> str:
        number = bisect_right(self._starts, row) - 1
        line = self._store.lines(*self._places[number])[row - self._starts[number]]
        return said(Passage(**json.loads(line)))

    def write(self, path: Path, left_out: set[int]) -> tuple[int, int, int]:
        """Words of all passages, of the longest, and how many were written."""
        words = longest = written = 0
        temporary = path.with_name(path.name + ".tmp")
        with temporary.open("wb") as stream:
            for place, start in zip(self._places, self._starts, strict=True):
                for row, line in enumerate(self._store.lines(*place), start=start):
                    if row in left_out:
                        continue
                    stream.write(line + b"\n")
                    count = len(json.loads(line)["text"].split())
                    words, longest, written = words + count, max(longest, count), written + 1
        temporary.replace(path)
        return words, longest, written


def said(passage: Passage) -> str:
    """What a passage says, and of what."""
    return f"{passage.title} {passage.section} {passage.text}"


def _entries(
    file: DigestedFile, *, source: str, settings: KnowledgeBaseSettings, entry: SourceSettings
) -> Iterator[Entry | Quarantined]:
    documents = rejected = 0
    try:
        for item in read_documents(file.path, document_id=file.file_id, source=source, settings=entry):
            made = item if isinstance(item, Quarantined) else _entry_or_reason(item, settings)
            if isinstance(made, Entry):
                documents += 1
                yield made
                continue
            rejected += 1
            if rejected <= _MOST_REASONS:
                yield made
            if rejected == _HOPELESS and not documents:
                raise DocumentError(f"document {file.file_id!r}: none of its first {rejected} records is a document")
    except DocumentError as error:
        yield Quarantined(file.file_id, source, str(error))
    except _STUMBLES as error:  # one file that a reader did not foresee must not cost all others
        yield Quarantined(file.file_id, source, f"{STUMBLED} {type(error).__name__}: {error}"[:300])
    if rejected > _MOST_REASONS:
        yield Quarantined(file.file_id, source, f"{rejected - _MOST_REASONS} more records of it were rejected")


def _entry_or_reason(document: Document, settings: KnowledgeBaseSettings) -> Entry | Quarantined:
    try:
        _reject_odd(document, settings.min_words)
    except DocumentError as error:
        return Quarantined(document.document_id, document.source, str(error))
    return _entry(document, settings)


def _entry(document: Document, settings: KnowledgeBaseSettings) -> Entry:
    passages = chunk_document(document, chunk_words=settings.chunk_words, tail_share=settings.tail_share)
    lines = "".join(to_line(passage) + "\n" for passage in passages).encode("utf-8")
    return Entry(len(passages), lines, sign(map(said, passages)).tobytes(), document.terms)


def _reject_odd(document: Document, min_words: int) -> None:
    check_sections(len(document.sections), document.document_id)
    length = sum(len(section.text) for section in document.sections)
    if length > LARGEST_TEXT:
        raise DocumentError(
            f"document {document.document_id!r} has {length} characters, at most {LARGEST_TEXT}: split it"
        )
    words = sum(len(section.text.split()) for section in document.sections)
    if words < min_words:
        raise DocumentError(
            f"document {document.document_id!r} has {words} words of text, expected at least {min_words} "
            "(knowledge_base.min_words)"
        )


def digested(
    files: Iterable[tuple[Path, str]], source: str, settings: KnowledgeBaseSettings, entry: SourceSettings
) -> list[DigestedFile]:
    """Every file with its key; of a file that cannot be read, the key says so."""
    shaping = {
        "source": source,
        "settings": settings.model_dump(mode="json", exclude={"sources", "near_duplicates"}),
        "entry": entry.model_dump(mode="json", exclude={"path"}),
        "code": _code_digest(),
    }
    common = hashlib.sha256(json.dumps(shaping, sort_keys=True).encode()).hexdigest()
    return [DigestedFile(path, file_id, f"{common[:16]}-{_content_key(path)}") for path, file_id in files]


def _content_key(path: Path) -> str:
    try:
        return file_digest(path)
    except (ArtefactError, OSError) as error:
        return f"unreadable: {type(error).__name__}"


@cache
def _code_digest() -> str:
    """Of this package: another version of a reader makes other passages."""
    code = sorted(Path(__file__).parent.glob("*.py"))
    return hashlib.sha256(b"".join(path.name.encode() + path.read_bytes() for path in code)).hexdigest()


def _state(files: list[DigestedFile], settings: KnowledgeBaseSettings) -> str:
    state = [settings.near_duplicates, [[file.file_id, file.key] for file in files]]
    return hashlib.sha256(json.dumps(state).encode()).hexdigest()


def _digest_of(out: Path) -> str:
    """Of the three files; empty when one is missing."""
    paths: list[Any] = [out / name for name in (PASSAGES, TERMS, QUARANTINE)]
    return " ".join(map(file_digest, paths)) if all(path.is_file() for path in paths) else ""
