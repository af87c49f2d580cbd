"""A server of the small world, on a free port of this machine, and versions that a test puts on a shelf."""

from __future__ import annotations

import base64
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
import uvicorn
from PIL import Image

from medrwr.calibration.artefact import Calibration, Digests
from medrwr.config import RolloutSettings
from medrwr.errors import ArtefactError, TrackingError
from medrwr.policy.loading import Policy
from medrwr.rollout.engine import RolloutEngine
from medrwr.rollout.lookup import PassageSearch
from medrwr.serving.answering import Answerer, SecondLook
from medrwr.serving.client import Client
from medrwr.serving.http.app import ServerSettings, create_app
from medrwr.serving.http.intake import Limits
from medrwr.serving.http.versions import Example, Opened, VersionKey, VersionSource
from medrwr.types import ImageCase, ScoredCase
from tests.rollout.world import DRUGS, SIGNS, DictionaryRetriever, question

UNSURE = 1.1  # a threshold that every answer is below: all image questions look twice
QUESTION = question(1).text
OPTIONS = list(DRUGS)


class OneCase:
    """A case index with one case."""

    def search_batch(self, images: Sequence[Any], *, k: int | None = None) -> list[tuple[ScoredCase, ...]]:
        return [(ScoredCase(ImageCase("c1", "c1.png", f"A {SIGNS[0]}."), 0.9),) for _ in images]

    def load_image(self, case: ImageCase) -> Image.Image:
        return Image.new("RGB", (56, 56), (90, 90, 90))


def second_look(threshold: float) -> SecondLook:
    return SecondLook(OneCase(), Calibration(2.0, threshold, "fixed", Digests("", "", "")))


def answerer(
    policy: Policy, retriever: PassageSearch | None = None, *, threshold: float | None = None, batch_size: int = 16
) -> Answerer:
    """Greedy episodes of a policy; `threshold` None never looks twice."""
    settings = RolloutSettings(batch_size=batch_size, max_turn_tokens=64)
    engine = RolloutEngine(policy, retriever or DictionaryRetriever(), settings)
    return Answerer(engine, None if threshold is None else second_look(threshold))


@dataclass
class Shelf:
    """A source of versions: `key` is the newest; versions in `broken` cannot be opened."""

    build: Callable[[], Answerer]
    key: VersionKey = field(default_factory=lambda: VersionKey("med-rwr", "1", "index-1"))
    broken: set[str] = field(default_factory=set)
    opened: list[str] = field(default_factory=list)
    away: bool = False

    def newest(self) -> VersionKey:
        if self.away:
            raise TrackingError("the registry cannot be reached: start MLflow again")
        return self.key

    def open(self, key: VersionKey) -> Opened:
        if key.version in self.broken:
            raise ArtefactError(f"version {key.version} has no weights: register it again")
        self.opened.append(key.version)
        return Opened(key, f"digest-{key.version}", self.build(), (Example(QUESTION, tuple(OPTIONS)),))

    def put(self, version: str, index: str = "index-1") -> None:
        self.key = VersionKey("med-rwr", version, index)


@dataclass(frozen=True)
class Running:
    """A server that answers at `address`; `folder` is what it keeps."""

    address: str
    folder: Path

    @property
    def client(self) -> Client:
        return Client(self.address, timeout_s=60)

    def get(self, path: str, **more: Any) -> requests.Response:
        return requests.get(self.address + path, timeout=60, **more)

    def post(self, path: str, body: Any = None, **more: Any) -> requests.Response:
        return requests.post(self.address + path, json=body, timeout=60, **more)


@contextmanager
def running(source: VersionSource, folder: Path, **settings: Any) -> Iterator[Running]:
    """Serve until the block ends."""
    port = free_port()
    settings = {"poll_s": 0.05, "limits": Limits(rate=1_000_000), **settings}
    app = create_app(source, ServerSettings(folder, **settings))
    server = uvicorn.Server(
        uvicorn.Config(app, port=port, log_level="warning", access_log=False, timeout_graceful_shutdown=5)
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        until(lambda: server.started or not thread.is_alive(), "the server to start")
        assert server.started
        yield Running(f"http://127.0.0.1:{port}", folder)
    finally:
        server.should_exit = True
        thread.join(30)


def until(true: Callable[[], Any], what: str, *, seconds: float = 60.0) -> None:
    """Wait until something is true."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"waited {seconds:g} s for {what}"
        time.sleep(0.02)


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def encoded(file: Path) -> str:
    return base64.b64encode(file.read_bytes()).decode()
