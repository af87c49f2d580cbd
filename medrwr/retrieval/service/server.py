"""The HTTP server: POST /search, GET /health, GET /metrics. Loopback unless told otherwise; it has no authentication.

Overload answers 503 with Retry-After, a search that takes too long 504, a request that does not fit 422.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from medrwr.errors import ConfigError, RetrievalError
from medrwr.retrieval.filters import PassageFilter
from medrwr.retrieval.retriever import IndexRetriever
from medrwr.retrieval.service.batching import Answer, Counters, MicroBatcher, OverloadedError
from medrwr.retrieval.service.following import FollowingRetriever
from medrwr.retrieval.service.wire import SearchRequest, answers_to_json

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

_MOST_BYTES = 4 << 20
Served = IndexRetriever | FollowingRetriever


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """`most_queries` of a batch; `most_waiting` queries in the queue; `timeout_s` from arrival to answer."""

    most_queries: int = 256
    most_waiting: int = 4096
    timeout_s: float = 10.0


class _Service:
    def __init__(self, retriever: Served, settings: ServiceSettings) -> None:
        self.retriever, self.settings, self.counters = retriever, settings, Counters()
        self.started = time.monotonic()
        self.batcher: MicroBatcher | None = None

    @contextlib.asynccontextmanager
    async def lifespan(self, _app: Any) -> AsyncIterator[None]:
        limits = self.settings
        self.batcher = MicroBatcher(
            self._search,
            most_queries=limits.most_queries,
            most_waiting=limits.most_waiting,
            counters=self.counters,
        )
        yield
        await self.batcher.close()

    async def search(self, request: Request) -> Response:
        from starlette.responses import JSONResponse

        began, counters = time.perf_counter(), self.counters
        counters.requests += 1
        try:
            asked = SearchRequest.model_validate_json(await _body(request))
            where = asked.where.filter() if asked.where else None
        except (ValidationError, ConfigError) as error:
            return JSONResponse({"error": str(error)}, 422)
        assert self.batcher is not None
        try:
            answers = await asyncio.wait_for(
                self.batcher.ask(asked.queries, asked.k, where), timeout=self.settings.timeout_s
            )
        except OverloadedError:
            counters.rejected += 1
            return JSONResponse({"error": "overloaded: try again"}, 503, headers={"Retry-After": "1"})
        except TimeoutError:
            counters.timed_out += 1
            return JSONResponse({"error": f"no answer within {self.settings.timeout_s} s"}, 504)
        except RetrievalError as error:
            counters.failed += 1
            return JSONResponse({"error": str(error)}, 500)
        counters.queries += len(asked.queries)
        counters.seconds.append(time.perf_counter() - began)
        return JSONResponse(answers_to_json(answers))

    async def health(self, _request: Request) -> Response:
        from starlette.responses import JSONResponse

        manifest = self.retriever.manifest
        up = round(time.monotonic() - self.started, 1)
        values = {"status": "ok", "rows": manifest.rows, "digest": manifest.digest, "encoder": manifest.encoder}
        return JSONResponse({**values, "up_s": up})

    async def metrics(self, _request: Request) -> Response:
        from starlette.responses import PlainTextResponse

        return PlainTextResponse(prometheus_text(self.counters))

    def _search(self, queries: Sequence[str], k: int | None, where: PassageFilter | None) -> list[Answer]:
        return self.retriever.search_batch(queries, k=k, where=where)


def create_app(retriever: Served, settings: ServiceSettings | None = None) -> Starlette:
    """The application, for any ASGI server."""
    from starlette.applications import Starlette
    from starlette.routing import Route

    service = _Service(retriever, settings or ServiceSettings())
    routes = [
        Route("/search", service.search, methods=["POST"]),
        Route("/health", service.health),
        Route("/metrics", service.metrics),
    ]
    return Starlette(routes=routes, lifespan=service.lifespan)


def serve(
    retriever: Served, *, host: str = "127.0.0.1", port: int = 8008, settings: ServiceSettings | None = None
) -> None:
    """Serve until SIGINT or SIGTERM; requests that have begun are answered first."""
    import uvicorn

    uvicorn.run(
        create_app(retriever, settings),
        host=host,
        port=port,
        log_level="warning",
        timeout_graceful_shutdown=30,
        backlog=2048,
    )


def prometheus_text(counters: Counters) -> str:
    """Prometheus' text format; latencies are of the last 4,096 requests, in seconds."""
    lines = [
        f"medrwr_retriever_{name}_total {getattr(counters, name)}"
        for name in ("requests", "queries", "rejected", "timed_out", "failed", "batches", "batched_queries")
    ]
    lines.append(f"medrwr_retriever_waiting {counters.waiting}")
    seconds = sorted(counters.seconds)
    for quantile in (0.5, 0.9, 0.99):
        if seconds:
            value = seconds[min(len(seconds) - 1, int(quantile * len(seconds)))]
            lines.append(f'medrwr_retriever_seconds{{quantile="{quantile}"}} {value:.6f}')
    return "\n".join(lines) + "\n"


async def _body(request: Request) -> bytes:
    """At most 4 MiB: a body that is longer is cut, and then no JSON."""
    parts, size = [], 0
    async for part in request.stream():
        parts.append(part)
        size += len(part)
        if size > _MOST_BYTES:
            break
    return b"".join(parts)[:_MOST_BYTES]
