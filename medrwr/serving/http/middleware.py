"""Around every request: an id, limits on the body, security headers, the audit line and the figures."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from medrwr.serving.http.failing import Refusal, refused

_LOG = logging.getLogger(__name__)
_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
)
_POLICY = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
_ROUTES = frozenset(
    {"/", "/v1/answers", "/v1/chat/completions", "/v1/models", "/v1/examples", "/v1/feedback", "/v1/preview"}
    | {"/healthz", "/readyz", "/metrics", "/openapi.json"}
)


@dataclass(frozen=True, slots=True)
class Seen:
    """One request that is over: nothing of its content."""

    request_id: str
    caller: str
    route: str
    status: int
    ms: float
    version: str


class Around:
    """ASGI middleware; `seen` is told of every request."""

    def __init__(self, app: ASGIApp, *, body_bytes: int, seen: Callable[[Seen], None]) -> None:
        self._app, self._most, self._seen = app, body_bytes, seen

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(scope, receive, send, self._most)
        try:
            await exchange.check_length()
            await self._app(scope, exchange.receive, exchange.send)
        except Refusal as refusal:
            if not exchange.status:
                await refusal.response()(scope, receive, exchange.send)
        except ClientDisconnect:
            exchange.status = exchange.status or 499  # nginx's number for a caller who left
        except Exception as error:
            _LOG.exception("request %s failed", exchange.request_id)
            if exchange.status:
                raise  # the response has begun: the connection is cut
            await refused(error).response()(scope, receive, exchange.send)
        finally:
            self._seen(exchange.seen())


class _Exchange:
    def __init__(self, scope: Scope, receive: Receive, send: Send, most: int) -> None:
        self.request_id, self.status = secrets.token_hex(8), 0
        self._scope, self._receive, self._send, self._left, self._most = scope, receive, send, most, most
        self._began = time.monotonic()
        scope.setdefault("state", {})["request_id"] = self.request_id

    async def check_length(self) -> None:
        declared = dict(self._scope["headers"]).get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > self._most:
            raise self._too_large()

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._left -= len(message.get("body", b""))
            if self._left < 0:
                raise self._too_large()
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = list(message.get("headers", ()))
            names = {name.lower() for name, _ in headers}
            headers += [(name, value) for name, value in (*_HEADERS, _POLICY) if name not in names]
            message = {**message, "headers": [*headers, (b"x-request-id", self.request_id.encode())]}
        await self._send(message)

    def seen(self) -> Seen:
        path, state = self._scope["path"], self._scope.get("state", {})
        route = path if path in _ROUTES else "/page" if path.startswith("/page/") else "other"
        ms = round(1000 * (time.monotonic() - self._began), 1)
        caller, version = state.get("caller", "-"), state.get("version", "")
        return Seen(self.request_id, caller, route, self.status or 500, ms, version)

    def _too_large(self) -> Refusal:
        return Refusal(413, "size", f"the body is larger than {self._most >> 20} MiB", "send smaller or fewer images")
