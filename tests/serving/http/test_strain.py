"""Too many, too slow, cut off, without index: clear refusals, and right again afterwards."""

from __future__ import annotations

import json
import socket
import threading
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

from medrwr.errors import RetrievalError
from medrwr.policy.loading import Policy
from medrwr.serving.http.intake import Limits
from medrwr.types import ScoredPassage
from tests.rollout.world import DictionaryRetriever
from tests.serving.http.world import OPTIONS, QUESTION, Running, Shelf, answerer, running, until

BODY = {"question": QUESTION, "options": OPTIONS}


class Waiting(DictionaryRetriever):
    """Finds nothing before it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.go = threading.Event()
        self.go.set()

    def search_batch(self, queries: Sequence[str], *, k: int | None = None) -> list[tuple[ScoredPassage, ...]]:
        self.go.wait(60)
        return super().search_batch(queries, k=k)


class Flaky(DictionaryRetriever):
    """Its index can be taken away."""

    away = False

    def search_batch(self, queries: Sequence[str], *, k: int | None = None) -> list[tuple[ScoredPassage, ...]]:
        if self.away:
            raise RetrievalError("the index cannot be read: look at its disk")
        return super().search_batch(queries, k=k)


def test_two_hundred_at_once_are_answered_or_told_to_come_back(trained: Policy, tmp_path: Path) -> None:
    retriever = Waiting()
    with running(
        Shelf(lambda: answerer(trained, retriever)), tmp_path, limits=Limits(waiting=40, rate=10**6)
    ) as server:
        retriever.go.clear()
        with ThreadPoolExecutor(200) as pool:
            asked = [pool.submit(server.post, "/v1/answers", BODY) for _ in range(200)]
            until(lambda: sum(one.done() for one in asked) > 100, "refusals")
            retriever.go.set()
            responses = [one.result() for one in asked]
        counts = Counter(response.status_code for response in responses)
        assert counts.keys() == {200, 503}
        assert counts[200] >= 40
        assert all(response.headers["Retry-After"] == "1" for response in responses if response.status_code == 503)
        assert server.post("/v1/answers", BODY).status_code == 200
        until(lambda: "medrwr_unfinished 0.0" in server.get("/metrics").text, "the last of them")


def test_an_index_that_is_away_is_said_and_comes_back(trained: Policy, tmp_path: Path) -> None:
    retriever = Flaky()
    with running(Shelf(lambda: answerer(trained, retriever)), tmp_path) as server:
        retriever.away = True
        response = server.post("/v1/answers", BODY)
        assert (response.status_code, response.headers["Retry-After"]) == (503, "5")
        assert "index cannot be searched" in response.json()["error"]["message"]
        retriever.away = False
        assert server.post("/v1/answers", BODY).status_code == 200


def test_an_answer_that_takes_too_long_is_given_up(trained: Policy, tmp_path: Path) -> None:
    retriever = Waiting()
    limits = Limits(seconds=0.3, rate=10**6)
    with running(Shelf(lambda: answerer(trained, retriever)), tmp_path, limits=limits) as server:
        server.post("/v1/answers", BODY)  # warm
        retriever.go.clear()
        response = server.post("/v1/answers", BODY)
        assert response.status_code == 504
        assert "0.3 s" in response.json()["error"]["message"]
        retriever.go.set()
        until(lambda: "medrwr_unfinished 0.0" in server.get("/metrics").text, "the abandoned episode's end")
        until(lambda: server.post("/v1/answers", BODY).status_code == 200, "an answer in time")


def raw(server: Running, content: bytes, *, read: bool = True) -> bytes:
    """Send bytes over a connection of one's own; cut it when all is sent, or when the answer has come."""
    parts = urlsplit(server.address)
    with socket.create_connection((str(parts.hostname), int(parts.port or 0)), timeout=30) as line:
        line.sendall(content)
        return line.recv(1 << 16) if read else b""


def request_bytes(body: bytes, *, declared: int | None = None) -> bytes:
    length = len(body) if declared is None else declared
    head = f"POST /v1/answers HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    return head.encode() + body


def test_cut_connections_leave_nothing_behind(server: Running) -> None:
    whole = json.dumps(BODY).encode()
    streamed = json.dumps({**BODY, "stream": True}).encode()
    for _ in range(10):
        raw(server, request_bytes(whole[:20], declared=len(whole)), read=False)
        raw(server, request_bytes(whole), read=False)
        raw(server, request_bytes(streamed))  # the first events, and away
    until(lambda: "medrwr_unfinished 0.0" in server.get("/metrics").text, "the episodes that nobody reads")
    assert server.client.answer(QUESTION, OPTIONS).answer in OPTIONS


def test_a_slow_client_keeps_nobody_waiting(server: Running) -> None:
    whole = json.dumps(BODY).encode()
    parts = urlsplit(server.address)
    lines = [socket.create_connection((str(parts.hostname), int(parts.port or 0)), timeout=30) for _ in range(50)]
    try:
        for line in lines:
            line.sendall(request_bytes(whole[:10], declared=len(whole)))
        assert server.client.answer(QUESTION, OPTIONS).answer in OPTIONS
        lines[0].sendall(whole[10:])
        assert lines[0].recv(1 << 16).startswith(b"HTTP/1.1 200")
    finally:
        for line in lines:
            line.close()
