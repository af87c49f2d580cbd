"""The end points."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from typing import Any

import anyio.to_thread
from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST

from medrwr.serving.http import chat
from medrwr.serving.http.failing import RESPONSES, Refusal, busy
from medrwr.serving.http.guarding import Guard
from medrwr.serving.http.intake import Asked
from medrwr.serving.http.keeping import Lines, Memory
from medrwr.serving.http.metrics import Metrics
from medrwr.serving.http.schema import (
    AnswerRequest,
    ChatRequest,
    ErrorReply,
    ExampleList,
    ExampleQuestion,
    FeedbackReply,
    FeedbackRequest,
    Health,
    ModelCard,
    ModelList,
    Readiness,
)
from medrwr.serving.http.service import Service
from medrwr.serving.http.streaming import Event, Events, sent_events
from medrwr.serving.http.swapping import Live
from medrwr.serving.served import Answered

_EVENT = {"type": "object", "properties": {"event": {"type": "string"}, "data": {"type": "string"}}}
_STREAMED: dict[int | str, dict[str, Any]] = {200: {"content": {"text/event-stream": {"schema": _EVENT}}}}


@dataclass(frozen=True, slots=True)
class Shared:
    """What the end points work with."""

    service: Service
    metrics: Metrics
    memory: Memory
    feedback: Lines


def answer_routes(shared: Shared, guard: Guard) -> APIRouter:
    """Answers, chat completions, feedback."""
    router = APIRouter(prefix="/v1", tags=["answers"], dependencies=list(guard.dependencies), responses=RESPONSES)
    service = shared.service

    @router.post("/answers", response_model=Answered, responses=_STREAMED)
    async def answers(asked: AnswerRequest, request: Request) -> Response | Answered:
        """A question with options and images: the answer, how sure, and the way to it."""
        if asked.stream:
            return sent_events(await _events(service, asked.asked(), request))
        answer = await service.answer(asked.asked())
        request.state.version = answer.model.version
        return answer

    @router.post("/chat/completions", response_model=None, responses=_STREAMED)
    async def completions(asked: ChatRequest, request: Request) -> Response | dict[str, object]:
        """OpenAI's chat completions; images as data URLs."""
        question = await anyio.to_thread.run_sync(chat.to_asked, asked)
        if asked.stream:
            events = await _events(service, question, request)
            return chat.chunks(events, f"chatcmpl-{request.state.request_id}", _live(shared).opened.key.name)
        answer = await service.answer(question)
        request.state.version = answer.model.version
        return chat.completion(answer)

    @router.post("/feedback", responses={404: {"model": ErrorReply, "description": "no such answer is known"}})
    async def feedback(said: FeedbackRequest) -> FeedbackReply:
        """Whether an answer was right; 200 when the disk has it."""
        known = shared.memory.find(said.id)
        if known is None:
            raise Refusal(404, "answer", f"no answer {said.id} is known", "send feedback for one of the last answers")
        record = {**said.model_dump(), "model_version": known.version, **asdict(known)}
        try:
            await anyio.to_thread.run_sync(shared.feedback.append, record)
        except OSError:
            shared.metrics.lost("feedback")
            raise busy("the feedback could not be stored", retry_s=30) from None
        return FeedbackReply(kept=True)

    return router


async def _events(service: Service, asked: Asked, request: Request) -> AsyncIterator[Event | None]:
    look = service.serving.live.opened.answerer.second_look
    events = Events(look.cases if look else None)
    pending = await service.submit(asked, events)
    request.state.version = pending.live.opened.key.version
    return events.until(service, pending)


def look_routes(shared: Shared, guard: Guard) -> APIRouter:
    """What is served, examples, health and figures."""
    router = APIRouter(tags=["server"])
    guarded = list(guard.dependencies)

    @router.get("/v1/models", dependencies=guarded, responses=RESPONSES)
    def models() -> ModelList:
        """The version that answers now."""
        live = _live(shared)
        key = live.opened.key
        card = ModelCard(
            id=key.name, created=int(live.since.timestamp()), version=key.version, digest=live.opened.digest,
            index=key.index,
        )  # fmt: skip
        return ModelList(data=[card])

    @router.get("/v1/examples", dependencies=guarded, responses=RESPONSES)
    def examples() -> ExampleList:
        """Questions to try."""
        found = _live(shared).opened.examples
        return ExampleList(
            examples=[
                ExampleQuestion(question=x.question, options=list(x.options), image=x.image or None) for x in found
            ]
        )

    @router.get("/healthz")
    async def healthz() -> Health:
        """The process lives."""
        return Health()

    @router.get("/readyz", responses={503: RESPONSES[503]})
    async def readyz() -> Readiness:
        """A model answers."""
        live = _live(shared)
        since = live.since.isoformat(timespec="seconds")
        return Readiness(version=live.opened.key.version, since=since, warning=shared.service.serving.error)

    @router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
    def metrics() -> Response:
        """Prometheus' text format."""
        return Response(shared.metrics.text(), media_type=CONTENT_TYPE_LATEST)

    return router


def _live(shared: Shared) -> Live:
    """Raises:
    Refusal: nothing is served yet.
    """
    if not shared.service.serving.ready:
        raise busy("no model is served yet")
    return shared.service.serving.live
