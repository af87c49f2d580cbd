"""What Prometheus reads: requests, seconds, confidence, re-retrieval, what is served."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from medrwr.serving.http.versions import VersionKey
from medrwr.serving.served import Answered

_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
_TENTHS = tuple(number / 10 for number in range(1, 11))


class Metrics:
    """One server's figures, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter("medrwr_requests", "by route and status", ["route", "status"], registry=self.registry)
        self._seconds = Histogram(
            "medrwr_request_seconds", "from first byte to last", ["route"], buckets=_SECONDS, registry=self.registry
        )
        self._confidence = Histogram(
            "medrwr_confidence", "of answers", ["version"], buckets=_TENTHS, registry=self.registry
        )
        self._looked = Counter("medrwr_reretrieved", "answers that looked twice", ["version"], registry=self.registry)
        self._abstained = Counter("medrwr_abstained", "answers held back", ["version"], registry=self.registry)
        self._swaps = Counter("medrwr_swaps", "replacements by outcome", ["outcome"], registry=self.registry)
        self._lost = Counter("medrwr_lost_records", "records not kept, by kind", ["kind"], registry=self.registry)
        self._serving = Gauge("medrwr_serving", "1 for what is served", ["name", "version"], registry=self.registry)
        self._unfinished = Gauge("medrwr_unfinished", "questions that wait or are played", registry=self.registry)

    def watch(self, unfinished: Callable[[], float]) -> None:
        """Ask `unfinished` whenever the figures are read."""
        self._unfinished.set_function(unfinished)

    def request(self, route: str, status: int, seconds: float) -> None:
        self._requests.labels(route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def answered(self, answer: Answered) -> None:
        version = answer.model.version
        self._confidence.labels(version).observe(answer.confidence)
        self._looked.labels(version).inc(answer.reretrieved)
        self._abstained.labels(version).inc(answer.abstained)

    def swapped(self, key: VersionKey, error: str) -> None:
        self._swaps.labels("failed" if error else "done").inc()
        if not error:
            self.serving(key)

    def serving(self, key: VersionKey) -> None:
        self._serving.clear()
        self._serving.labels(key.name, key.version).set(1)

    def lost(self, kind: str) -> None:
        self._lost.labels(kind).inc()

    def text(self) -> bytes:
        return generate_latest(self.registry)
