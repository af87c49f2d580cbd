"""The dependency of every guarded route: a known key, and not too many requests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from medrwr.serving.http.auth import NOBODY, Keys, Rates
from medrwr.serving.http.failing import Refusal

_BEARER = HTTPBearer(auto_error=False, description="a key of `medrwr serve --new-key`; none on loopback without keys")


class Guard:
    """Lets callers in by key and rate."""

    def __init__(self, keys: Keys, rates: Rates) -> None:
        self._keys, self._rates = keys, rates

    @property
    def dependencies(self) -> Sequence[Any]:
        """For FastAPI's `dependencies`."""

        async def let_in(request: Request, given: HTTPAuthorizationCredentials | None = Depends(_BEARER)) -> None:  # noqa: B008 - FastAPI's way
            self.check(request, given.credentials if given else None)

        return [Depends(let_in)]

    def check(self, request: Request, key: str | None) -> None:
        """Raises:
        Refusal: 401 or 429.
        """
        caller = NOBODY if request.client is None else request.client.host
        if self._keys:
            owner = self._keys.owner(key) if key else None
            if owner is None:
                self._slow_down(f"unknown {caller}")
                raise Refusal(401, "key", "the API key is missing or unknown", "send `Authorization: Bearer KEY`")
            caller = owner
        request.state.caller = caller
        self._slow_down(caller)

    def _slow_down(self, caller: str) -> None:
        wait = self._rates.wait(caller)
        if wait:
            raise Refusal(429, "rate", "too many requests", "wait the seconds of Retry-After", retry_s=wait)
