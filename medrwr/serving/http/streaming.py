"""Server-sent events while an answer is being reasoned out: delta, think, query, retrieve, cases, answer, error."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict
from typing import Any

from starlette.responses import StreamingResponse

from medrwr.rollout.cdir import CaseSearch
from medrwr.serving.http.answers import plain, shown_cases, to_passage
from medrwr.serving.http.failing import refused
from medrwr.serving.http.service import Pending, Service
from medrwr.types import ScoredCase, ScoredPassage

Event = tuple[str, dict[str, Any]]
HEARTBEAT_S = 10.0  # proxies close what is silent
_END = object()


class Events:
    """A `Listener` whose events are read on the event loop; the playing thread never waits for a slow reader."""

    def __init__(self, cases: CaseSearch | None) -> None:
        self._loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue[Event | object] = asyncio.Queue()
        self._cases = cases

    def text(self, piece: str) -> None:
        self._put("delta", {"text": piece})

    def thought(self, text: str) -> None:
        self._put("think", {"text": text})

    def query(self, query: str) -> None:
        self._put("query", {"text": query})

    def passages(self, query: str, passages: Sequence[ScoredPassage]) -> None:
        self._put("retrieve", {"query": query, "passages": [asdict(to_passage(one)) for one in passages]})

    def cases(self, cases: Sequence[ScoredCase]) -> None:
        self._put("cases", {"cases": [asdict(one) for one in shown_cases(cases, self._cases)]})

    def _put(self, kind: str, data: dict[str, Any]) -> None:
        try:
            self._loop.call_soon_threadsafe(self._queue.put_nowait, (kind, data))
        except RuntimeError:
            return  # the loop is closed: nobody reads any more

    async def until(self, service: Service, pending: Pending) -> AsyncIterator[Event | None]:
        """Events as they come, then the answer or an error; None now and then, to show that the line is alive."""
        waiting = asyncio.create_task(service.result(pending))
        waiting.add_done_callback(lambda _: self._queue.put_nowait(_END))
        try:
            while True:
                try:
                    event = await asyncio.wait_for(self._queue.get(), HEARTBEAT_S)
                except TimeoutError:
                    yield None
                    continue
                if event is _END:
                    break
                yield event  # type: ignore[misc]
            yield _last(waiting)
        finally:
            if not waiting.done():  # the caller is gone
                pending.job.abandoned.set()
                waiting.cancel()


def _last(waiting: asyncio.Task[Any]) -> Event:
    error = waiting.exception()
    return ("answer", plain(waiting.result())) if error is None else ("error", refused(error).body())


def sent_events(events: AsyncIterator[Event | None]) -> StreamingResponse:
    """As a response of text/event-stream."""

    async def lines() -> AsyncIterator[str]:
        async for event in events:
            yield ": alive\n\n" if event is None else f"event: {event[0]}\ndata: {json.dumps(event[1])}\n\n"

    return StreamingResponse(lines(), media_type="text/event-stream", headers={"Cache-Control": "no-store"})
