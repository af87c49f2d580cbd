"""The local page on which curated items are accepted, edited or rejected by keyboard; decisions are lines of a file."""

from __future__ import annotations

import io
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

from fastapi import FastAPI, HTTPException
from fastapi.middleware.trustedhost import TrustedHostMiddleware
from fastapi.responses import HTMLResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from medrwr.curation.decisions import Decision, Verdict, append_decision, edited, item_digest, read_decisions
from medrwr.errors import RecordError
from medrwr.retrieval.images import open_image
from medrwr.types import Question
from pipelines.review_page import PAGE

_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'"
)
_HEADERS = {"Content-Security-Policy": _POLICY, "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


class Decided(BaseModel):
    """What the page sends."""

    model_config = ConfigDict(extra="forbid")

    verdict: Verdict
    text: Annotated[str, Field(max_length=20_000)] = ""
    options: Annotated[tuple[str, ...], Field(max_length=10)] = ()
    answer: Annotated[int, Field(ge=0)] = 0
    reason: Annotated[str, Field(max_length=1_000)] = ""


def review_app(questions: list[Question], image_root: Path, file: Path) -> FastAPI:
    """Serves the items; answers to this machine's names only, and takes JSON only, so that no other site can decide."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost", "[::1]"])

    @app.get("/")
    def page() -> HTMLResponse:
        return HTMLResponse(PAGE, headers=_HEADERS)

    @app.get("/items")
    def items() -> list[dict[str, Any]]:
        known = read_decisions(file)
        return [_shown(place, question, known) for place, question in enumerate(questions)]

    @app.get("/image/{item}/{number}")
    def image(item: int, number: int) -> Response:
        try:
            picture = open_image(image_root / questions[item].images[number]).convert("RGB")
        except (IndexError, RecordError):
            raise HTTPException(404, "no such image") from None
        stream = io.BytesIO()
        picture.save(stream, "PNG")
        return Response(stream.getvalue(), media_type="image/png", headers=_HEADERS)

    @app.post("/decisions/{item}")
    def decide(item: int, said: Decided) -> dict[str, Any]:
        if not 0 <= item < len(questions):
            raise HTTPException(404, "no such item")
        question = questions[item]
        made = Decision(question.question_id, item_digest(question), **said.model_dump())
        if made.verdict == "edit":
            try:
                edited(question, made)
            except RecordError as error:
                raise HTTPException(422, str(error)) from None
        append_decision(file, made)
        return _shown(item, question, read_decisions(file))

    return app


def _shown(place: int, question: Question, known: dict[tuple[str, str], Decision]) -> dict[str, Any]:
    """One item as the page shows it: as it was edited, where it was."""
    decision = known.get((question.question_id, item_digest(question)))
    now = edited(question, decision) if decision and decision.verdict == "edit" else question
    texts = {name: asdict(now)[name] for name in ("question_id", "text", "options", "answer", "explanation")}
    return {**texts, "item": place, "images": len(now.images), "verdict": decision.verdict if decision else ""}
