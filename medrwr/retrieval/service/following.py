"""A retriever that follows its index: when another generation is published, it is opened beside and swapped in."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from medrwr.errors import ArtefactError
from medrwr.retrieval.filters import PassageFilter
from medrwr.retrieval.manifest import IndexManifest
from medrwr.retrieval.retriever import Answer, IndexRetriever

_PAUSE_S = 2.0


class FollowingRetriever:
    """An `IndexRetriever` that looks at its manifest every two seconds, when it is asked something."""

    def __init__(self, opening: Callable[[], IndexRetriever], manifest: Path, *, pause_s: float = _PAUSE_S) -> None:
        """`opening` opens what is published now; `manifest` is the file that tells whether it changed.

        Raises:
            ArtefactError: there is nothing to open.
        """
        self._opening, self._path, self._pause_s = opening, manifest, pause_s
        self._seen = self._stamp()
        self._retriever = opening()
        self._looked = time.monotonic()
        self._lock = threading.Lock()

    @property
    def manifest(self) -> IndexManifest:
        return self._retriever.manifest

    def search_batch(
        self, queries: Sequence[str], *, k: int | None = None, where: PassageFilter | None = None
    ) -> list[Answer]:
        """As `IndexRetriever.search_batch`."""
        self._follow()
        return self._retriever.search_batch(queries, k=k, where=where)

    def _follow(self) -> None:
        """An update that cannot be opened (yet) changes nothing: the generation at hand answers on."""
        with self._lock:
            if time.monotonic() - self._looked < self._pause_s:
                return
            self._looked, stamp = time.monotonic(), self._stamp()
            if stamp in (self._seen, None):
                return
            try:
                self._retriever = self._opening()
            except ArtefactError:
                return
            self._seen = stamp

    def _stamp(self) -> tuple[int, int] | None:
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return None
        return status.st_mtime_ns, status.st_ino
