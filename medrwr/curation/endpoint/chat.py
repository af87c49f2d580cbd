"""Client of an OpenAI-compatible chat completions API: one request, its retries, and who must wait when asked to.

Tried again with growing, jittered pauses: status 408, 409, 425, 429 and 5xx, connections that fail, bodies that stall,
break off or are no reply. `Retry-After` (seconds or a date) holds back every thread. Refused at once: 401, 403, 404
(the whole run) and other 4xx (this request). Every try of a request carries the same `Idempotency-Key`, so that a
server that knows it need not work twice when only its reply was lost.
"""

from __future__ import annotations

import email.utils
import http.client
import json
import random
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from medrwr.curation.endpoint.cost import CHARACTERS_A_TOKEN
from medrwr.curation.endpoint.requests import ChatReply, ChatRequest
from medrwr.errors import ConfigError, EndpointError, ReplyError

_AGAIN = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
_NOBODY = frozenset({401, 403, 404})
_LONGEST_PAUSE_S = 60.0
_BLOCK = 1 << 16


@dataclass(frozen=True, slots=True)
class EndpointSettings:
    """Where the model is, and how patient to be.

    Attributes:
        url: base URL as OpenAI's clients take it, `/v1` included.
        timeout_s: from sending a request to the last byte of its reply, of each try.
        first_pause_s: before the first retry; doubled each time, at most 60 s.
        longest_wait_s: a server that asks for more (`Retry-After`) ends the run, which can be taken up later.
        concurrency: requests under way at once.
        per_minute: requests begun in a minute at most; 0: no limit.
    """

    url: str
    model: str
    api_key: str = ""
    timeout_s: float = 120.0
    retries: int = 5
    first_pause_s: float = 0.5
    longest_wait_s: float = 600.0
    concurrency: int = 8
    per_minute: int = 0

    def __post_init__(self) -> None:
        if not self.url.startswith(("http://", "https://")):
            raise ConfigError(f"endpoint {self.url!r}: expected a base URL such as https://host/v1")
        if not self.model:
            raise ConfigError(f"endpoint {self.url}: no model is named: set OPENAI_MODEL or give --model")
        if self.concurrency < 1 or self.retries < 0 or self.timeout_s <= 0:
            raise ConfigError(
                f"endpoint {self.url}: concurrency {self.concurrency}, retries {self.retries}, "
                f"timeout {self.timeout_s} s: expected at least 1, at least 0 and above 0"
            )


class Pacer:
    """When the next request may start: after the pause that the server asked for, and within the limit a minute."""

    def __init__(self, per_minute: int = 0) -> None:
        self._gap_s = 60.0 / per_minute if per_minute else 0.0
        self._next = 0.0
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Return when it is this thread's turn."""
        with self._lock:
            start = max(time.monotonic(), self._next)
            self._next = start + self._gap_s if self._gap_s else self._next
        time.sleep(max(0.0, start - time.monotonic()))

    def hold(self, seconds: float) -> None:
        """Nobody starts for so long."""
        with self._lock:
            self._next = max(self._next, time.monotonic() + seconds)


class ChatClient:
    """Asks the endpoint; safe to share between threads."""

    def __init__(self, settings: EndpointSettings) -> None:
        self.settings = settings
        self.retried = 0
        self._pacer = Pacer(settings.per_minute)
        self._lock = threading.Lock()

    def complete(self, request: ChatRequest, key: str) -> ChatReply:
        """The reply to one request; `key` identifies it.

        Raises:
            ReplyError: the endpoint refuses this request.
            EndpointError: it refuses all, or failed at every try.
            ImageError: an image cannot be read.
        """
        body = json.dumps(request.body(self.settings.model)).encode()
        reason = ""
        for attempt in range(self.settings.retries + 1):
            if attempt:
                with self._lock:
                    self.retried += 1
                pause = min(_LONGEST_PAUSE_S, self.settings.first_pause_s * 2 ** (attempt - 1))
                time.sleep(pause * random.uniform(0.5, 1.0))
            self._pacer.wait()
            try:
                return read_reply(self._post(body, key), request)
            except urllib.error.HTTPError as error:
                reason = self._refused(error)
            except (OSError, http.client.HTTPException, ValueError) as error:
                reason = f"{type(error).__name__}: {error}"
        raise EndpointError(
            f"{self.settings.url} failed {self.settings.retries + 1} times, last with {reason}: run again later, what "
            "was answered is kept"
        )

    def _post(self, body: bytes, key: str) -> bytes:
        headers = {"Content-Type": "application/json", "Accept": "application/json", "Idempotency-Key": key}
        if self.settings.api_key:
            headers["Authorization"] = f"Bearer {self.settings.api_key}"
        url = f"{self.settings.url.rstrip('/')}/chat/completions"
        deadline = time.monotonic() + self.settings.timeout_s
        request = urllib.request.Request(url, body, headers)  # noqa: S310 - http or https, checked above
        with urllib.request.urlopen(request, timeout=self.settings.timeout_s) as response:  # noqa: S310
            parts: list[bytes] = []
            while part := response.read1(_BLOCK):  # a server that trickles never reaches the socket's own time-out
                parts.append(part)
                if time.monotonic() > deadline:
                    raise TimeoutError(f"no whole reply within {self.settings.timeout_s:g} s")
            reply = b"".join(parts)
            expected = response.headers.get("Content-Length")
        if expected is not None and len(reply) < int(expected):
            raise http.client.IncompleteRead(reply, int(expected) - len(reply))
        return reply

    def _refused(self, error: urllib.error.HTTPError) -> str:
        """Why, when another try may help; holds everybody back where the server asks for it."""
        said = error.read(400).decode("utf-8", "replace") if error.fp else ""
        reason = f"status {error.code} {' '.join(said.split())[:200]}".strip()
        if error.code in _NOBODY:
            raise EndpointError(
                f"{self.settings.url} refuses model {self.settings.model!r} ({reason}): check key, address and model"
            ) from None
        if error.code not in _AGAIN:
            raise ReplyError(f"the endpoint refuses this request ({reason})") from None
        wait = retry_after_s(error.headers.get("Retry-After"))
        if wait > self.settings.longest_wait_s:
            raise EndpointError(
                f"{self.settings.url} asks to wait {wait:.0f} s, more than {self.settings.longest_wait_s:.0f}: run "
                "again then, what was answered is kept"
            ) from None
        if wait > 0:
            self._pacer.hold(wait)
        return reason


def retry_after_s(header: str | None) -> float:
    """Seconds that a `Retry-After` header asks for, as a number or a date; 0 where it says nothing.

    Example:
        >>> retry_after_s("2")
        2.0
    """
    if not header:
        return 0.0
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        return max(0.0, email.utils.parsedate_to_datetime(header).timestamp() - time.time())
    except (TypeError, ValueError):
        return 0.0


def read_reply(body: bytes, request: ChatRequest) -> ChatReply:
    """The reply of a body; tokens are estimated where the endpoint does not count them.

    Raises:
        ValueError: the body is no reply of the API.
    """
    try:
        values: Mapping[str, Any] = json.loads(body)
        choice = values["choices"][0]
        message = choice["message"]
        content = message.get("content") or message.get("refusal") or ""
        usage = values.get("usage") or {}
        if not isinstance(content, str):
            raise TypeError("content is no text")
        asked = int(usage.get("prompt_tokens") or (len(request.system) + len(request.user)) / CHARACTERS_A_TOKEN)
        told = int(usage.get("completion_tokens") or len(content) / CHARACTERS_A_TOKEN)
    except (KeyError, IndexError, TypeError, AttributeError, ValueError, RecursionError) as error:
        raise ValueError(f"no chat completion ({type(error).__name__}: {error}): {body[:80]!r}") from None
    return ChatReply(content, str(choice.get("finish_reason") or "stop"), asked, told)
