"""Errors as callers see them: {"error": {code, message, remedy}}, with the status that fits."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from medrwr.errors import ImageError, MedrwrError, QuestionError
from medrwr.serving.http.schema import ErrorReply

RETRY_S = 1
_STATUSES = {
    400: "the request is no such question",
    401: "the API key is missing or unknown",
    413: "the body is too large",
    422: "a field, an option or an image is unusable",
    429: "too many requests of one caller",
    503: "busy, or the model or its index is not to be had now",
    504: "no answer within the time",
}
RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorReply, "description": text} for status, text in _STATUSES.items()
}


class Refusal(Exception):  # noqa: N818 - it is an answer, not a fault
    """An answer other than 200."""

    def __init__(self, status: int, code: str, message: str, remedy: str, *, retry_s: float | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.remedy = status, code, message, remedy
        self.headers = {} if retry_s is None else {"Retry-After": str(max(1, round(retry_s)))}

    def body(self) -> dict[str, Any]:
        return {"error": {"code": self.code, "message": self.message, "remedy": self.remedy}}

    def response(self) -> JSONResponse:
        return JSONResponse(self.body(), status_code=self.status, headers=self.headers)


def busy(message: str, *, retry_s: float = RETRY_S) -> Refusal:
    """503: come back in a moment."""
    return Refusal(503, "busy", message, "try again after the seconds of Retry-After", retry_s=retry_s)


def refused(error: BaseException) -> Refusal:
    """What a caller is told of an error; of an unexpected one, nothing but that it happened."""
    if isinstance(error, Refusal):
        return error
    if isinstance(error, QuestionError | ImageError):
        message, _, remedy = str(error).rpartition(": ")
        code = "image" if isinstance(error, ImageError) else "question"
        return Refusal(422, code, message or remedy, remedy if message else "correct it and ask again")
    if isinstance(error, MedrwrError):
        return busy("the model or its index cannot answer now", retry_s=5)
    return Refusal(503, "internal", "the answer failed", "ask again; the server's log has the reason", retry_s=RETRY_S)


def add_handlers(app: FastAPI) -> None:
    """Every error of the application in one shape."""

    @app.exception_handler(Refusal)
    async def _refusal(_: Request, error: Refusal) -> JSONResponse:
        return error.response()

    @app.exception_handler(MedrwrError)
    async def _known(_: Request, error: MedrwrError) -> JSONResponse:
        return refused(error).response()

    @app.exception_handler(RequestValidationError)
    async def _invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"] if part != "body") or "the body"
        status = 400 if first["type"] == "json_invalid" else 422
        message = f"{place}: {first['msg']}"
        return Refusal(status, "request", message, "look at /openapi.json for what is taken").response()

    @app.exception_handler(HTTPException)
    async def _http(_: Request, error: HTTPException) -> JSONResponse:
        refusal = Refusal(error.status_code, "http", str(error.detail), "look at /openapi.json for what is there")
        refusal.headers = dict(error.headers or {})
        return refusal.response()
