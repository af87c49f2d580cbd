"""The cache's passages -> passages.jsonl, terms.jsonl and quarantine.jsonl, near-duplicates left out."""

from __future__ import annotations

import json
from bisect import bisect_right
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from medrwr.errors import ArtefactError
from medrwr.knowledge_base.cache import Cache
from medrwr.knowledge_base.entries import said
from medrwr.knowledge_base.similarity import PERMUTATIONS, near_duplicates
from medrwr.knowledge_base.terms import terms_of
from medrwr.records import write_records
from medrwr.types import Passage

PASSAGES, TERMS, QUARANTINE = "passages.jsonl", "terms.jsonl", "quarantine.jsonl"


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
