"""JSON over HTTP with patience: what is busy (429, 502, 503, 504) is asked again after its pause."""

from __future__ import annotations

import http.client
import json
import random
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from medrwr.errors import ConfigError, ServerError

_AGAIN = frozenset({429, 502, 503, 504})
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.2, 30.0


class Poster:
    """Posts to one server, a connection a request; safe to call from several threads."""

    def __init__(self, address: str, *, key: str, timeout_s: float, retries: int) -> None:
        """`address`: http(s)://host:port; `timeout_s` of each wait for the server.

        Raises:
            ConfigError: another kind of address.
        """
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ConfigError(f"server address {address!r}: expected http://host:port")
        self.address = address.rstrip("/")
        self._parts, self._host = parts, parts.hostname
        self._key, self._timeout_s, self._retries = key, timeout_s, retries

    @contextmanager
    def posted(self, path: str, body: Mapping[str, Any]) -> Iterator[Iterator[bytes]]:
        """The lines of a good response, after as many tries as it takes; once it has begun nothing is tried again.

        Raises:
            ServerError: refused, or failed at every try, or cut off.
        """
        content = json.dumps(body).encode()
        for attempt in range(self._retries + 1):
            connection = self._connection()
            try:
                response = self._once(connection, path, content)
                if response.status < 300:
                    yield self._lines(response)
                    return
                failure, after = failure_of(response), response.headers.get("Retry-After")
            except _UnreachableError as error:
                failure, after = ServerError(str(error), status=503, code="unreachable"), None
            finally:
                connection.close()
            if failure.status not in _AGAIN or attempt == self._retries:
                raise failure
            time.sleep(pause_s(attempt, after))

    def _connection(self) -> http.client.HTTPConnection:
        kind = http.client.HTTPSConnection if self._parts.scheme == "https" else http.client.HTTPConnection
        return kind(self._host, self._parts.port, timeout=self._timeout_s)

    def _once(self, connection: http.client.HTTPConnection, path: str, content: bytes) -> http.client.HTTPResponse:
        headers = {"Content-Type": "application/json"}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        try:
            connection.request("POST", self._parts.path.rstrip("/") + path, content, headers)
            return connection.getresponse()
        except TimeoutError:
            raise ServerError(
                f"{self.address} gave no answer within {self._timeout_s:g} s: ask for less, or wait longer"
            ) from None
        except (OSError, http.client.HTTPException) as error:
            reason = f"{self.address} cannot be reached ({error}): start it with `medrwr serve`"
            raise _UnreachableError(reason) from None

    def _lines(self, response: http.client.HTTPResponse) -> Iterator[bytes]:
        try:
            yield from response
        except (OSError, http.client.HTTPException) as error:
            raise ServerError(f"{self.address} cut the connection ({error!r}): ask again") from None


class _UnreachableError(Exception):
    """No connection, or none that lasted to the response."""


def pause_s(attempt: int, retry_after: str | None) -> float:
    """Seconds to wait before the next try: what the server asks for, else growing, jittered."""
    try:
        asked = float(retry_after or "")
    except ValueError:  # none, or a date
        asked = _FIRST_PAUSE_S * 2**attempt * random.uniform(0.5, 1.5)
    return min(max(asked, 0.0), _LONGEST_PAUSE_S)


def failure_of(response: http.client.HTTPResponse) -> ServerError:
    """The server's own words, where it has some."""
    try:
        return error_of(response.status, json.loads(response.read()))
    except (ValueError, KeyError, TypeError, OSError, http.client.HTTPException):
        return ServerError(f"the server answered {response.status} {response.reason}", status=response.status)


def error_of(status: int, values: Mapping[str, Any]) -> ServerError:
    """From {"error": {"code", "message", "remedy"}}."""
    error = values["error"]
    remedy = str(error.get("remedy") or "")
    message = f"{error['message']}: {remedy}" if remedy else str(error["message"])
    return ServerError(message, status=status, code=str(error["code"]))
