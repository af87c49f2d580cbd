"""Asking a language model many things: each once, in parallel, from the cache where it was asked before.

A reply that is cut off or does not fit is asked for again, with more room, as another attempt. All attempts are kept,
so that a later run goes through the same ones and makes no call.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from medrwr.curation.endpoint.chat import ChatClient
from medrwr.curation.endpoint.cost import Estimate, Prices, Usage, estimate
from medrwr.curation.endpoint.replies import ReplyCache
from medrwr.curation.endpoint.requests import ChatReply, ChatRequest
from medrwr.errors import EndpointError, RecordError, ReplyError

Made = TypeVar("Made")
Progress = Callable[[int, int, str], None]
ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Outcome(Generic[Made]):
    """What became of a request: `made`, or why it is given up (`rejected`), or must be asked later (`failed`)."""

    made: Made | None = None
    rejected: str = ""
    failed: str = ""


class Asker:
    """A model, its cache, and what it cost so far. Without a client only what is recorded is answered."""

    def __init__(
        self, model: str, cache: ReplyCache, client: ChatClient | None = None, *, attempts: int = ATTEMPTS
    ) -> None:
        self.model = model
        self.usage = Usage()
        self._cache, self._client, self._attempts = cache, client, attempts
        self._lock = threading.Lock()
        self._down = ""

    def ask(self, request: ChatRequest, read: Callable[[str], Made]) -> Made:
        """What `read` makes of the reply.

        Raises:
            RecordError: the model refuses, or `read` raised it at every attempt; the message is the last reason.
            EndpointError: the endpoint is down, or nothing is recorded and there is no endpoint.
        """
        reason: RecordError = ReplyError("no attempt was made")
        room = request.max_tokens
        for attempt in range(1, self._attempts + 1):
            reply = self._reply(replace(request, attempt=attempt, max_tokens=room))
            if reply.finished == "length":
                reason, room = ReplyError(f"the reply is cut off after {reply.completion_tokens} tokens"), 2 * room
                continue
            try:
                return read(reply.content)
            except RecordError as error:
                reason = error
        raise type(reason)(f"{reason} (after {self._attempts} attempts)")

    def ask_all(
        self,
        requests: Sequence[ChatRequest],
        read: Callable[[str], Made],
        *,
        label: str,
        progress: Progress | None = None,
    ) -> list[Outcome[Made]]:
        """Outcomes in the order of the requests; equal requests are asked once.

        An endpoint that fails does not end this: what it failed on is `failed`, what comes after it is not tried.
        """
        self._down = ""
        distinct: dict[str, ChatRequest] = {}
        keys = [request.key(self.model) for request in requests]
        for key, request in zip(keys, requests, strict=True):
            distinct.setdefault(key, request)
        outcomes: dict[str, Outcome[Made]] = {}
        workers = self._client.settings.concurrency if self._client else 1
        with ThreadPoolExecutor(workers) as pool:
            futures = {pool.submit(self._outcome, request, read): key for key, request in distinct.items()}
            for number, future in enumerate(as_completed(futures), start=1):
                outcomes[futures[future]] = future.result()
                if progress is not None:
                    progress(number, len(futures), label)
        return [outcomes[key] for key in keys]

    def estimate(self, requests: Sequence[ChatRequest], prices: Prices) -> Estimate:
        """What asking would cost, each equal request once; makes no call."""
        distinct = {request.key(self.model): request for request in requests}
        new = [request for key, request in distinct.items() if self._cache.get(key) is None]
        mean = self._cache.mean_completion_tokens()
        return estimate(new, cached=len(distinct) - len(new), mean_completion=mean, prices=prices)

    def _outcome(self, request: ChatRequest, read: Callable[[str], Made]) -> Outcome[Made]:
        try:
            return Outcome(made=self.ask(request, read))
        except RecordError as error:
            return Outcome(rejected=str(error))
        except EndpointError as error:
            with self._lock:
                self._down = self._down or str(error)
            return Outcome(failed=str(error))

    def _reply(self, request: ChatRequest) -> ChatReply:
        key = request.key(self.model)
        known = self._cache.get(key)
        if known is not None:
            with self._lock:
                self.usage = replace(self.usage, cached=self.usage.cached + 1)
            return known
        if self._client is None:
            raise EndpointError(f"no reply of {self.model!r} is recorded for this {request.task}: name an endpoint")
        if self._down:
            raise EndpointError(self._down)
        reply = self._client.complete(request, key)
        self._cache.put(key, reply)
        with self._lock:
            self.usage = replace(self.usage.called(reply), retries=self._client.retried)
        return reply
