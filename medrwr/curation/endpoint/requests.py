"""One request to a language model, what identifies it, and its JSON for the chat completions API."""

from __future__ import annotations

import base64
import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from medrwr.digests import file_digest
from medrwr.retrieval.images import open_image

IMAGE_SIDE = 768  # pixels of the longer side that an endpoint is sent


@dataclass(frozen=True)
class ChatRequest:
    """A question to the model, and the JSON schema that its reply must have.

    Attributes:
        task: the schema's name; an endpoint may choose what to do by it.
        images: files that are sent along, at most `IMAGE_SIDE` pixels a side.
        attempt: counts from 1; a further attempt is another request, since the reply to the first is known.
    """

    task: str
    system: str
    user: str
    schema: Mapping[str, Any]
    images: tuple[Path, ...] = ()
    max_tokens: int = 1024
    attempt: int = 1
    temperature: float = 0.0
    extra: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def image_digests(self) -> tuple[str, ...]:
        """SHA-256 of the image files; what is sent of them follows from these and `IMAGE_SIDE`."""
        return tuple(file_digest(path) for path in self.images)

    def key(self, model: str) -> str:
        """Content address: the same request to the same model has the same key, on any host, in any run."""
        parts = [
            *(model, self.task, self.system, self.user, self.schema, self.image_digests, IMAGE_SIDE),
            *(self.max_tokens, self.attempt, self.temperature, self.extra),
        ]
        return hashlib.sha256(json.dumps(parts, sort_keys=True, ensure_ascii=False).encode()).hexdigest()

    def body(self, model: str) -> dict[str, Any]:
        """Body of `POST /chat/completions`.

        Raises:
            ImageError: an image cannot be read.
        """
        content: list[dict[str, Any]] = [{"type": "text", "text": self.user}]
        content += [{"type": "image_url", "image_url": {"url": data_url(path)}} for path in self.images]
        return {
            "model": model,
            "messages": [{"role": "system", "content": self.system}, {"role": "user", "content": content}],
            "max_tokens": self.max_tokens,
            "temperature": self.temperature,
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": self.task, "strict": True, "schema": dict(self.schema)},
            },
            **self.extra,
        }


@dataclass(frozen=True, slots=True)
class ChatReply:
    """What the model wrote, why it stopped ("stop", "length", ..), and what was billed for it (tokens)."""

    content: str
    finished: str
    prompt_tokens: int
    completion_tokens: int


def data_url(path: Path) -> str:
    """The image as a JPEG inside a URL: never DICOM headers, EXIF, or more pixels than the model looks at.

    Raises:
        ImageError: it cannot be read.
    """
    image = open_image(path)
    image.thumbnail((IMAGE_SIDE, IMAGE_SIDE))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=90)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
