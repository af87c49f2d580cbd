"""A client of the server: ask, follow the events, send feedback.

client = Client("http://127.0.0.1:8008")
reply = client.answer("Which treatment comes first?", ["kemopril", "tarvex"], image="scan.png")
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from medrwr.errors import ImageError, ServerError
from medrwr.serving.events import read_events
from medrwr.serving.posting import Poster, error_of
from medrwr.serving.served import Answered, Event, to_answered

ImageFile = str | Path | bytes  # a path, or the bytes of a PNG, JPEG or DICOM file


class Client:
    """Asks one server; safe to call from several threads."""

    def __init__(self, address: str, *, key: str = "", timeout_s: float = 120.0, retries: int = 5) -> None:
        """`address`: http(s)://host:port; `key`: an API key; `timeout_s` of each wait for the server.

        Raises:
            ConfigError: another kind of address.
        """
        self._poster = Poster(address, key=key, timeout_s=timeout_s, retries=retries)

    def answer(
        self, question: str, options: Sequence[str], *, image: ImageFile | None = None, query: str | None = None
    ) -> Answered:
        """Ask, and wait for the answer. `query` is looked up first, on the model's behalf.

        Raises:
            ServerError: the server refused the question, or failed at every try.
            ImageError: the image's file cannot be read.
        """
        with self._poster.posted("/v1/answers", _body(question, options, image, query)) as lines:
            return to_answered(_object(lines))

    def stream(
        self, question: str, options: Sequence[str], *, image: ImageFile | None = None, query: str | None = None
    ) -> Iterator[Event]:
        """As `answer`, event by event; the last one has the answer.

        Raises:
            ServerError: the server refused the question, failed on the way, or ended without an answer.
            ImageError: the image's file cannot be read.
        """
        body = {**_body(question, options, image, query), "stream": True}
        with self._poster.posted("/v1/answers", body) as lines:
            for kind, data in read_events(lines):
                if kind == "error":
                    raise error_of(200, data)
                yield Event(kind, data)
                if kind == "answer":
                    return
        raise ServerError(f"{self._poster.address} ended the stream without an answer: ask again")

    def feedback(
        self, answer_id: str, rating: Literal["right", "wrong"], *, correct_letter: str = "", comment: str = ""
    ) -> None:
        """Say whether an answer was right.

        Raises:
            ServerError: the server did not take it.
        """
        body = {"id": answer_id, "rating": rating, "correct_letter": correct_letter, "comment": comment}
        with self._poster.posted("/v1/feedback", {name: value for name, value in body.items() if value}) as lines:
            b"".join(lines)


def encode_image(image: ImageFile) -> str:
    """A file's bytes as base64.

    Raises:
        ImageError: there is no such file.
    """
    if isinstance(image, bytes):
        return base64.b64encode(image).decode()
    try:
        return base64.b64encode(Path(image).read_bytes()).decode()
    except OSError as error:
        raise ImageError(f"image {image} cannot be read ({error.strerror}): check the path") from None


def _body(question: str, options: Sequence[str], image: ImageFile | None, query: str | None) -> dict[str, Any]:
    images = [] if image is None else [encode_image(image)]
    body: dict[str, Any] = {"question": question, "options": list(options), "images": images}
    return body if query is None else {**body, "query": query}


def _object(lines: Iterable[bytes]) -> dict[str, Any]:
    try:
        values = json.loads(b"".join(lines))
    except ValueError:
        values = None
    if not isinstance(values, dict):
        raise ServerError("the server's answer is no JSON object: is it a medrwr server?")
    return values
