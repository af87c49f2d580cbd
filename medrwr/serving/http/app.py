"""The application: routes on a `Service`, and what stands around them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import anyio.to_thread
from fastapi import FastAPI

from medrwr.serving.http.auth import Keys, Rates
from medrwr.serving.http.failing import add_handlers
from medrwr.serving.http.guarding import Guard
from medrwr.serving.http.intake import Limits
from medrwr.serving.http.keeping import Lines, Memory, Remembered, observation
from medrwr.serving.http.metrics import Metrics
from medrwr.serving.http.middleware import Around, Seen
from medrwr.serving.http.routes import Shared, answer_routes, look_routes
from medrwr.serving.http.service import Finished, Service
from medrwr.serving.http.swapping import Serving
from medrwr.serving.http.trimming import trim_while
from medrwr.serving.http.versions import VersionSource
from medrwr.serving.page import mount_page
from medrwr.serving.page.preview import PreviewLimits

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """How a server behaves. `folder` holds feedback, observations and the audit log.

    `abstain`: answers of a confidence below it are marked so. `trace` is told of each answer, to be kept as a trace.
    """

    folder: Path
    limits: Limits = field(default_factory=Limits)
    keys: Keys = field(default_factory=Keys)
    abstain: float = 0.0
    poll_s: float = 5.0
    trace: Callable[[Finished], None] | None = None


def create_app(source: VersionSource, settings: ServerSettings) -> FastAPI:
    """The application. It opens the newest version when it starts, and is ready then."""
    metrics = Metrics()
    serving = Serving(source, settings.limits, swapped=metrics.swapped)
    keeper = _Keeper(settings, metrics)
    service = Service(serving, settings.limits, settings.abstain, keeper.answered)
    app = FastAPI(title="medrwr", version="1", lifespan=_lifespan(serving, metrics, settings, keeper), docs_url=None,
                  redoc_url=None, description=_DESCRIPTION)  # fmt: skip
    metrics.watch(lambda: serving.live.player.unfinished if serving.ready else 0)
    shared = Shared(service, metrics, keeper.memory, Lines(settings.folder / "feedback/feedback.jsonl", durable=True))
    guard = Guard(settings.keys, Rates(settings.limits.rate))
    app.include_router(answer_routes(shared, guard))
    app.include_router(look_routes(shared, guard))
    limits = PreviewLimits(most_bytes=settings.limits.body_bytes * 3 // 4, most_pixels=settings.limits.pixels)
    mount_page(app, limits=limits, dependencies=guard.dependencies)
    add_handlers(app)
    app.add_middleware(Around, body_bytes=settings.limits.body_bytes, seen=keeper.seen)
    return app


_DESCRIPTION = (
    "A medical vision-language model that reasons with retrieval. For research use only; no answer is medical advice."
)


def _lifespan(
    serving: Serving, metrics: Metrics, settings: ServerSettings, keeper: _Keeper
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def around(_: FastAPI) -> AsyncIterator[None]:
        def start() -> None:
            serving.start(every_s=settings.poll_s)
            metrics.serving(serving.live.opened.key)

        await anyio.to_thread.run_sync(start)
        trimming = asyncio.create_task(trim_while(lambda: keeper.requests))
        try:
            yield
        finally:
            trimming.cancel()
            await anyio.to_thread.run_sync(serving.close)

    return around


class _Keeper:
    """Keeps account of answers and requests; what cannot be written is counted, and answers go on."""

    def __init__(self, settings: ServerSettings, metrics: Metrics) -> None:
        self.memory, self.requests = Memory(), 0
        self._metrics, self._trace = metrics, settings.trace
        self._observed = Lines(settings.folder / "serving/observations.jsonl")
        self._audit = Lines(settings.folder / "serving/audit.jsonl")

    def answered(self, done: Finished) -> None:
        self.memory.keep(done.answer.id, Remembered.of(done))
        self._metrics.answered(done.answer)
        self._kept("observation", lambda: self._observed.append(observation(done)))
        if self._trace is not None:
            trace = self._trace
            self._kept("trace", lambda: trace(done))

    def seen(self, seen: Seen) -> None:
        self.requests += 1
        self._metrics.request(seen.route, seen.status, seen.ms / 1000)
        if seen.route not in ("/healthz", "/readyz", "/metrics"):
            self._kept("audit", lambda: self._audit.append(asdict(seen)))

    def _kept(self, kind: str, keep: Callable[[], None]) -> None:
        try:
            keep()
        except Exception:  # noqa: BLE001 - whatever keeps records may fail; the answer goes out
            self._metrics.lost(kind)
            _LOG.warning("a record of kind %s could not be kept", kind, exc_info=_LOG.isEnabledFor(logging.DEBUG))
