"""From what a caller sent to an episode's request: images decoded within limits, without identity."""

from __future__ import annotations

import base64
import binascii
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from medrwr.errors import ImageError, QuestionError
from medrwr.rollout.engine import RolloutRequest
from medrwr.serving.asking import UNKNOWN_ANSWER
from medrwr.serving.scans import open_scan
from medrwr.types import Question


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may hold. `seconds`: how long its answer may take; `rate`: requests a minute of one caller."""

    body_bytes: int = 24 << 20
    images: int = 8
    pixels: int = 25_000_000
    question_characters: int = 20_000
    option_characters: int = 2_000
    query_characters: int = 2_000
    seconds: float = 120.0
    waiting: int = 256
    rate: int = 600


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it came: `images` are base64 texts or data URLs."""

    question: str
    options: tuple[str, ...]
    images: tuple[str, ...] = ()
    query: str | None = None


@dataclass(frozen=True, slots=True)
class Intake:
    """A request that can be played; `close` removes its images."""

    request: RolloutRequest
    folder: tempfile.TemporaryDirectory[str] = field(repr=False)

    def close(self) -> None:
        self.folder.cleanup()


def take_in(asked: Asked, identity: str, limits: Limits) -> Intake:
    """Check, decode, and store the pictures where the engine reads them.

    Raises:
        QuestionError: the question or an option is empty, too long or repeated, or there are too few or too many.
        ImageError: an image is damaged, too large or of another kind, or there are too many.
    """
    _check(asked, limits)
    folder = tempfile.TemporaryDirectory(prefix="medrwr-")
    try:
        names = _store(asked.images, Path(folder.name), limits)
        question = Question(identity, asked.question.strip(), asked.options, UNKNOWN_ANSWER, images=names)
    except BaseException:
        folder.cleanup()
        raise
    query = (asked.query or "").strip() or None
    return Intake(RolloutRequest(question, Path(folder.name), forced_query=query), folder)


def _check(asked: Asked, limits: Limits) -> None:
    if not asked.question.strip():
        raise QuestionError("the question is empty: give its text")
    for what, text, most in (
        ("the question", asked.question, limits.question_characters),
        *(("an option", option, limits.option_characters) for option in asked.options),
        ("the query", asked.query or "", limits.query_characters),
    ):
        if len(text) > most:
            raise QuestionError(f"{what} has {len(text)} characters, at most {most} are taken: shorten it")
        if not text.isascii():
            _check_encodable(what, text)
    if len(asked.images) > limits.images:
        raise ImageError(f"{len(asked.images)} images were sent, at most {limits.images} are taken: leave some out")


def _check_encodable(what: str, text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise QuestionError(f"{what} holds half a surrogate pair, no text: send it as UTF-8") from None


def _store(images: Sequence[str], folder: Path, limits: Limits) -> tuple[str, ...]:
    names = []
    for number, image in enumerate(images, start=1):
        picture = open_scan(_decoded(image, number), most_pixels=limits.pixels).picture
        names.append(f"{number}.png")
        picture.save(folder / names[-1], compress_level=1)
    return tuple(names)


def _decoded(image: str, number: int) -> bytes:
    text = image.partition("base64,")[2] if image.startswith("data:") else image
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ImageError(
            f"image {number} is no base64 text: send the file's bytes as base64 or as a data URL"
        ) from None
