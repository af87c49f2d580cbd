"""Files read and cut into passages by Ray's workers (extra `ray`), handed on in the order of the files.

A worker that dies has its files read again by another. A task is some files, or one large one, whose entries a worker
holds at once: split a file of many gigabytes before.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from medrwr.config import KnowledgeBaseSettings, SourceSettings
from medrwr.errors import EngineError
from medrwr.knowledge_base.cache import Entry
from medrwr.knowledge_base.entries import entries_of
from medrwr.knowledge_base.ingestion import FileEntries
from medrwr.knowledge_base.keys import DigestedFile
from medrwr.types import Quarantined

_FILES_A_TASK = 32
_BYTES_A_TASK = 64 * 2**20
_TASKS_AHEAD = 2  # of each worker
_TRIES = 3


@dataclass(frozen=True, slots=True)
class RayReading:
    """Reads with `workers` of the running Ray cluster; the files have to lie where every worker sees them."""

    workers: int

    def __call__(
        self, files: Sequence[DigestedFile], *, source: str, settings: KnowledgeBaseSettings, entry: SourceSettings
    ) -> Iterator[FileEntries]:
        """Each file with its entries.

        Raises:
            EngineError: workers died at every try.
        """
        import ray
        from ray.exceptions import RayError

        read: Any = ray.remote(max_retries=_TRIES)(_read)
        tasks = ((part, read.remote(part, source, settings, entry)) for part in parts_of(files))
        ahead = deque(islice(tasks, _TASKS_AHEAD * self.workers))
        try:
            while ahead:
                part, answer = ahead.popleft()
                yield from zip(part, ray.get(answer), strict=True)
                ahead.extend(islice(tasks, 1))
        except RayError as error:
            raise EngineError(
                f"Ray's workers died {_TRIES} times while reading source {source!r} ({str(error).splitlines()[0]}): "
                "what was read is kept; look at their memory, or set knowledge_base.engine to local"
            ) from None


def parts_of(files: Sequence[DigestedFile]) -> Iterator[list[DigestedFile]]:
    """Files of a task each, in order: at most 32, and at most 64 MiB unless one alone is larger."""
    part: list[DigestedFile] = []
    size = 0
    for file in files:
        length = file.path.stat().st_size if file.path.is_file() else 0
        if part and (len(part) == _FILES_A_TASK or size + length > _BYTES_A_TASK):
            yield part
            part, size = [], 0
        part.append(file)
        size += length
    if part:
        yield part


def _read(
    files: Sequence[DigestedFile], source: str, settings: KnowledgeBaseSettings, entry: SourceSettings
) -> list[list[Entry | Quarantined]]:
    """On a worker: the entries of each file."""
    return [list(entries_of(file, source=source, settings=settings, entry=entry)) for file in files]
