"""The HTTP client: a `Retriever` like the one in process. Connections are kept, one a thread."""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from pydantic import ValidationError

from medrwr.errors import ConfigError, RetrievalError
from medrwr.retrieval.filters import PassageFilter
from medrwr.retrieval.service.batching import Answer
from medrwr.retrieval.service.wire import MOST_QUERIES, answers_from_json

_AGAIN = frozenset({500, 502, 503, 504})
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.05, 2.0


class HttpRetriever:
    """Asks a retriever service; safe to call from several threads."""

    def __init__(self, address: str, *, timeout_s: float = 10.0, retries: int = 4) -> None:
        """`address`: http://host:port; `timeout_s` of each try.

        Raises:
            ConfigError: another kind of address.
        """
        parts = urlsplit(address)
        if parts.scheme != "http" or not parts.hostname:
            raise ConfigError(f"retriever address {address!r}: expected http://host:port")
        self._host, self._port = parts.hostname, parts.port or 80
        self._address, self._timeout_s, self._retries = address, timeout_s, retries
        self._local = threading.local()

    def search_batch(
        self, queries: Sequence[str], *, k: int | None = None, where: PassageFilter | None = None
    ) -> list[Answer]:
        """As `Retriever.search_batch`.

        Raises:
            RetrievalError: the service refused the request, or failed at every try.
        """
        answers: list[Answer] = []
        for start in range(0, len(queries), MOST_QUERIES):
            answers += self._ask(queries[start : start + MOST_QUERIES], k, where)
        return answers

    def _ask(self, queries: Sequence[str], k: int | None, where: PassageFilter | None) -> list[Answer]:
        asked: dict[str, Any] = {"queries": [query.encode("utf-8", "replace").decode() for query in queries], "k": k}
        if where is not None:
            asked["where"] = {
                "sources": where.sources,
                "modalities": where.modalities,
                "since": where.since,
                "until": where.until,
            }
        body = self._post(json.dumps(asked).encode())
        try:
            answers = answers_from_json(json.loads(body))
        except (ValueError, KeyError, TypeError, ValidationError) as error:
            raise RetrievalError(f"{self._address} is no retriever service of this version: {error!r}") from None
        if len(answers) != len(queries):
            raise RetrievalError(f"{self._address} gave {len(answers)} answers to {len(queries)} queries")
        return answers

    def _post(self, body: bytes) -> bytes:
        """Tries again with growing, jittered pauses where that may help; the server asks nothing twice for it."""
        reason = ""
        for attempt in range(self._retries + 1):
            if attempt:
                pause = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2 ** (attempt - 1))
                time.sleep(pause * random.uniform(0.5, 1.5))
            try:
                status, reply = self._once(body)
            except (OSError, http.client.HTTPException) as error:
                self._drop()
                reason = repr(error)
                continue
            if status == 200:
                return reply
            reason = f"status {status}: {reply[:200].decode('utf-8', 'replace')}"
            if status not in _AGAIN:
                raise RetrievalError(f"{self._address} refused the request ({reason})")
        raise RetrievalError(
            f"{self._address} failed {self._retries + 1} times, last with {reason}: is the retriever service running?"
        )

    def _once(self, body: bytes) -> tuple[int, bytes]:
        connection: http.client.HTTPConnection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = http.client.HTTPConnection(self._host, self._port, timeout=self._timeout_s)
            self._local.connection = connection
        connection.request("POST", "/search", body, {"Content-Type": "application/json"})
        reply = connection.getresponse()
        return reply.status, reply.read()

    def _drop(self) -> None:
        connection = getattr(self._local, "connection", None)
        if connection is not None:
            connection.close()
        self._local.connection = None
