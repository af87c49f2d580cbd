"""`POST /v1/preview`: an uploaded scan as the PNG that a browser can show, without identity; nothing is stored."""

from __future__ import annotations

import base64
import binascii
import io
from dataclasses import dataclass

import anyio
import anyio.to_thread
from fastapi import APIRouter
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from medrwr.errors import ImageError
from medrwr.serving.scans import open_scan


@dataclass(frozen=True, slots=True)
class PreviewLimits:
    """What one preview may use; `at_once` pictures are decoded at a time, `waiting` more may wait."""

    most_bytes: int = 20 << 20
    most_pixels: int = 25_000_000
    longest_side: int = 1568
    at_once: int = 2
    waiting: int = 32


class PreviewRequest(BaseModel):
    """`image`: base64 text or a data URL of a PNG, JPEG or DICOM file."""

    image: str = Field(min_length=1)


class Preview(BaseModel):
    """`image`: a PNG as data URL, `width` by `height` pixels; `notes`: what to know of it, in words."""

    image: str
    width: int
    height: int
    notes: list[str]


def preview_router(limits: PreviewLimits) -> APIRouter:
    """The end point, to be included in an application."""
    router = APIRouter(tags=["answers"])
    turns = anyio.Semaphore(limits.at_once)

    @router.post("/v1/preview", response_model=Preview)
    async def preview(asked: PreviewRequest) -> Preview | JSONResponse:
        """An uploaded scan as PNG; a DICOM file loses its header, and nothing of it is stored."""
        if turns.statistics().tasks_waiting >= limits.waiting:
            return refusal(503, "busy", "too many scans at once", "try again in a second", {"Retry-After": "1"})
        async with turns:
            try:
                return await anyio.to_thread.run_sync(render_preview, asked.image, limits)
            except ImageError as error:
                message, _, remedy = str(error).rpartition(": ")
                return refusal(422, "image", message, remedy)

    return router


def render_preview(image: str, limits: PreviewLimits) -> Preview:
    """Decode, shrink, encode.

    Raises:
        ImageError: the image is too large, damaged, or of another kind.
    """
    if len(image) > limits.most_bytes * 4 // 3 + 100:
        raise ImageError(f"the file is larger than {limits.most_bytes >> 20} MiB: save a smaller copy")
    text = image.partition("base64,")[2] if image.startswith("data:") else image
    try:
        content = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ImageError("the image is no base64 text: send the file's bytes as base64 or as a data URL") from None
    scan = open_scan(content, most_pixels=limits.most_pixels)
    scan.picture.thumbnail((limits.longest_side, limits.longest_side))
    buffer = io.BytesIO()
    scan.picture.save(buffer, format="PNG")
    shown = f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"
    return Preview(image=shown, width=scan.picture.width, height=scan.picture.height, notes=list(scan.notes))


def refusal(status: int, code: str, message: str, remedy: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """An error as the server's other end points give it."""
    error = {"code": code, "message": message, "remedy": remedy}
    return JSONResponse({"error": error}, status_code=status, headers=headers)
