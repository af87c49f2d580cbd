"""Mounts the page on a FastAPI application; it is plain HTML, CSS and modules, and loads nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.responses import FileResponse
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from medrwr.serving.page.preview import PreviewLimits, preview_router

STATIC = Path(__file__).with_name("static")
# No inline script or style, nothing from another host, no frame around it, no form that leaves it.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cache-Control": "no-cache",  # asked again each time, answered 304: a new version shows at once
}


class _PageFiles(StaticFiles):
    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers.update(HEADERS)
        return response


def mount_page(app: FastAPI, *, limits: PreviewLimits | None = None, dependencies: Sequence[Any] = ()) -> None:
    """Add `GET /`, the files below `/page`, and `POST /v1/preview`.

    Args:
        dependencies: FastAPI's, for the preview alone: what the other end points of `/v1` ask for (keys, rates).
    """

    @app.get("/", include_in_schema=False)
    def page() -> FileResponse:
        return FileResponse(STATIC / "index.html", headers=HEADERS)

    app.mount("/page", _PageFiles(directory=STATIC), name="page")
    app.include_router(preview_router(limits or PreviewLimits()), dependencies=list(dependencies))
