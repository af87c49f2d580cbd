"""Who may ask: API keys by their SHA-256, compared in constant time, and how often each may."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from medrwr.errors import ConfigError

PREFIX = "medrwr_"
NOBODY = "-"
_MOST_CALLERS = 10_000


@dataclass(frozen=True, slots=True)
class Keys:
    """Names and SHA-256 of the keys that are let in; none: everybody, which only loopback allows."""

    hashes: Mapping[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.hashes)

    def owner(self, key: str) -> str | None:
        """The name of a key's owner. Every hash is compared: the time tells nothing."""
        given = digest(key)
        found = None
        for name, known in self.hashes.items():
            if hmac.compare_digest(given, known):
                found = name
        return found


def digest(key: str) -> str:
    """SHA-256 of a key, in hexadecimal. Keys are 256 random bits: no slow hash is needed."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def new_key() -> str:
    """A fresh key, to be shown once."""
    return PREFIX + secrets.token_urlsafe(32)


def parse_keys(lines: Sequence[str], *, source: str) -> Keys:
    """Keys from lines `name:sha256`; empty lines and those that begin with # are left out.

    Raises:
        ConfigError: a line is of another shape, or a name comes twice.
    """
    hashes: dict[str, str] = {}
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        name, _, value = text.partition(":")
        if not name or len(value) != 64 or set(value) - set("0123456789abcdef") or name in hashes:
            raise ConfigError(
                f"line {number} of {source} is no `name:sha256` with a name of its own: "
                "`medrwr serve --new-key NAME` prints one"
            )
        hashes[name] = value
    return Keys(hashes)


class Rates:
    """A bucket of tokens a caller: `rate` a minute, a burst of as many seconds' worth as `burst_s`."""

    def __init__(self, rate: int, *, burst_s: float = 20.0) -> None:
        self._per_s, self._most = rate / 60, max(1.0, rate * burst_s / 60)
        self._buckets: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def wait(self, caller: str) -> float:
        """Take one token; 0, or the seconds until there is one."""
        now = time.monotonic()
        with self._lock:
            left, last = self._buckets.pop(caller, (self._most, now))
            left = min(self._most, left + (now - last) * self._per_s)
            wait = 0.0 if left >= 1 else (1 - left) / self._per_s
            self._buckets[caller] = (left - (wait == 0), now)
            if len(self._buckets) > _MOST_CALLERS:
                self._buckets.pop(next(iter(self._buckets)))  # who has not asked for longest
        return wait
