"""What is asked: a question with options and, maybe, an image, from people and clients who make mistakes."""

from __future__ import annotations

import base64
import binascii
import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from medrwr.errors import ImageError, QuestionError
from medrwr.types import Question

if TYPE_CHECKING:
    from PIL.Image import Image

LONGEST_PATH = 4096
UNKNOWN_ANSWER = 0  # `Question` wants a gold index; nothing on the way to a reply reads it


@dataclass(frozen=True, slots=True)
class Ask:
    """One question. `image` is a path, base64 text (a data URL too), the bytes of a file, or None.

    `query` is looked up first, on the policy's behalf; it counts as one of its turns.
    """

    question: str
    options: tuple[str, ...]
    image: str | bytes | None = None
    query: str | None = None


def to_question(ask: Ask, number: int, folder: Path) -> Question:
    """The record that the engine plays; its image is decoded, and stored in `folder` as PNG.

    Raises:
        QuestionError: the text is empty, or options are too few, empty or repeated.
        ImageError: the image is neither a file nor base64, or cannot be decoded.
    """
    name = f"ask-{number}"
    if not ask.question.strip():
        raise QuestionError(f"question {number} is empty: give its text")
    question = Question(name, ask.question.strip(), ask.options, UNKNOWN_ANSWER)
    if ask.image is None:
        return question
    image = decode_image(read_image(ask.image), what=f"the image of question {number}")
    image.save(folder / f"{name}.png")
    return Question(name, question.text, ask.options, UNKNOWN_ANSWER, images=(f"{name}.png",))


def read_image(image: str | bytes) -> bytes:
    """The bytes of an image file, wherever they are.

    Raises:
        ImageError: the text is neither an existing file nor base64.
    """
    if isinstance(image, bytes):
        return image
    if len(image) < LONGEST_PATH and Path(image).is_file():
        return Path(image).read_bytes()
    text = image.partition("base64,")[2] if image.startswith("data:") else image
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        shown = image if len(image) < 80 else image[:77] + "..."
        raise ImageError(f"image {shown!r} is neither an existing file nor base64: check the path") from None


def decode_image(content: bytes, *, what: str) -> Image:
    """Decode as RGB.

    Raises:
        ImageError: empty, truncated, too large, or no image.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(content)) as image:
            return image.convert("RGB")
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError, ValueError, SyntaxError) as error:
        reason = "unknown format" if isinstance(error, UnidentifiedImageError) else str(error)
        raise ImageError(f"{what} cannot be decoded ({reason}): give a PNG or JPEG file") from error
