"""Micro-batching: queries of many callers, waiting at the same time, are one search.

A search costs little more for 64 queries than for one, so nobody waits for a batch to fill: while one search runs,
what arrives meanwhile is the next batch. The queue is bounded; beyond it callers are told at once to come back.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from medrwr.retrieval.filters import PassageFilter
from medrwr.types import ScoredPassage

Answer = tuple[ScoredPassage, ...]
Search = Callable[[Sequence[str], int | None, PassageFilter | None], list[Answer]]


class OverloadedError(Exception):
    """The queue is full, or the service is shutting down."""


@dataclass(slots=True)
class Counters:
    """What /metrics tells."""

    requests: int = 0
    queries: int = 0
    rejected: int = 0
    timed_out: int = 0
    failed: int = 0
    batches: int = 0
    batched_queries: int = 0
    waiting: int = 0
    seconds: deque[float] = field(default_factory=lambda: deque(maxlen=4096))


@dataclass(slots=True)
class _Job:
    queries: Sequence[str]
    k: int | None
    where: PassageFilter | None
    done: asyncio.Future[list[Answer]]


class MicroBatcher:
    """Runs `search` in one thread, a batch after the other. Use from one event loop."""

    def __init__(self, search: Search, *, most_queries: int, most_waiting: int, counters: Counters) -> None:
        """`most_queries`: of a batch; `most_waiting`: queries in the queue before callers are turned away."""
        self._search, self._counters = search, counters
        self._most_queries, self._most_waiting = most_queries, most_waiting
        self._queue: deque[_Job] = deque()
        self._wake = asyncio.Event()
        self._closing = False
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="search")
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def ask(self, queries: Sequence[str], k: int | None, where: PassageFilter | None) -> list[Answer]:
        """The answers, once the batch is through.

        Raises:
            OverloadedError: there is no room, or the service is closing.
        """
        if self._closing or self._counters.waiting + len(queries) > self._most_waiting:
            raise OverloadedError
        job = _Job(queries, k, where, asyncio.get_running_loop().create_future())
        self._queue.append(job)
        self._counters.waiting += len(queries)
        self._wake.set()
        return await job.done

    async def close(self) -> None:
        """Answer what waits, take nothing new."""
        self._closing = True
        self._wake.set()
        await self._task
        self._thread.shutdown(wait=True)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            if not self._queue:
                if self._closing:
                    return
                self._wake.clear()
                await self._wake.wait()
                continue
            batch = self._next_batch()
            if not batch:
                continue
            queries = [query for job in batch for query in job.queries]
            self._counters.batches += 1
            self._counters.batched_queries += len(queries)
            try:
                answers = await loop.run_in_executor(self._thread, self._search, queries, batch[0].k, batch[0].where)
            except Exception as error:  # noqa: BLE001  a failed search fails its callers, not the service
                for job in batch:
                    if not job.done.done():
                        job.done.set_exception(error)
                continue
            _hand_out(batch, answers)

    def _next_batch(self) -> list[_Job]:
        """The first job and those behind it that ask the same way; jobs whose caller has left are dropped."""
        batch: list[_Job] = []
        others: deque[_Job] = deque()
        size = 0
        while self._queue:
            job = self._queue.popleft()
            if job.done.cancelled():
                self._counters.waiting -= len(job.queries)
            elif not batch or (
                (job.k, job.where) == (batch[0].k, batch[0].where) and size + len(job.queries) <= self._most_queries
            ):
                batch.append(job)
                size += len(job.queries)
            else:
                others.append(job)
        self._queue = others
        self._counters.waiting -= size
        return batch


def _hand_out(batch: Sequence[_Job], answers: Sequence[Answer]) -> None:
    start = 0
    for job in batch:
        if not job.done.done():
            job.done.set_result(list(answers[start : start + len(job.queries)]))
        start += len(job.queries)
