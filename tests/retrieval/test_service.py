"""The retriever service over real sockets: same answers, shared batches, overload, time-outs, retries, shutdown."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from medrwr.config import IndexSettings
from medrwr.errors import ConfigError, RetrievalError
from medrwr.retrieval import IndexRetriever, PassageFilter, build_index, open_retriever
from medrwr.retrieval.manifest import read_generations
from medrwr.retrieval.memory import open_table
from medrwr.retrieval.service import FollowingRetriever, HttpRetriever, ServiceSettings, create_app
from medrwr.types import Passage
from tests.retrieval.fakes import WordEncoder


class SlowRetriever(IndexRetriever):
    """Takes its time, and remembers how many queries it was asked at once."""

    pause_s = 0.0
    batches: list[int]

    def search_batch(self, queries: Sequence[str], **options: Any) -> list[Any]:
        self.batches.append(len(queries))
        time.sleep(self.pause_s)
        return super().search_batch(queries, **options)


@pytest.fixture
def retriever(tmp_path: Path) -> SlowRetriever:
    passages = [
        Passage(f"p{n}", f"A ring number{n} — «µ» 'quoted'.", "d", source="even" if n % 2 == 0 else "odd")
        for n in range(20)
    ]
    manifest = build_index(passages, WordEncoder(), tmp_path / "i", tmp_path / "m.json", IndexSettings())
    (generation,) = read_generations(tmp_path / "i", stage="index")
    opened = SlowRetriever(
        open_table(tmp_path / "i", generation, text="terms"), manifest, WordEncoder(), IndexSettings()
    )
    opened.batches = []
    return opened


@contextmanager
def running(retriever: IndexRetriever, **settings: Any) -> Iterator[str]:
    """The service on a free port of this machine, until the block ends."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(create_app(retriever, ServiceSettings(**settings)), log_level="error"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(20)
        assert not thread.is_alive()


def get(address: str, path: str, method: str = "GET", body: bytes | None = None) -> tuple[int, str]:
    connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=10)
    connection.request(method, path, body)
    reply = connection.getresponse()
    return reply.status, reply.read().decode()


def test_answers_over_http_are_those_in_process(retriever: SlowRetriever) -> None:
    queries = ["ring number7", "", "quoted «µ» \ud800 ring", "ring number7"]
    with running(retriever) as address:
        client = HttpRetriever(address)
        plain = [query.encode("utf-8", "replace").decode() for query in queries]
        assert client.search_batch(queries) == retriever.search_batch(plain)
        where = PassageFilter(sources=("odd",))
        assert client.search_batch(queries[:1], k=9, where=where) == retriever.search_batch(
            queries[:1], k=9, where=where
        )
        assert client.search_batch([]) == []
        many = [f"ring number{n % 20}" for n in range(1500)]
        assert client.search_batch(many, k=1) == retriever.search_batch(many, k=1)


def test_callers_that_wait_together_are_searched_together(retriever: SlowRetriever) -> None:
    retriever.pause_s = 0.1
    with running(retriever) as address, ThreadPoolExecutor(16) as workers:
        client = HttpRetriever(address)
        queries = [f"ring number{n}" for n in range(16)]
        answers = list(workers.map(lambda query: client.search_batch([query], k=1)[0], queries))
        found = [answer[0].passage.passage_id for answer in answers]
        status, text = get(address, "/metrics")
    assert found == [f"p{n}" for n in range(16)]
    assert sum(retriever.batches) == 16
    assert len(retriever.batches) <= 6  # 16 callers, and one search at a time of .1 s
    assert status == 200
    assert "medrwr_retriever_requests_total 16\n" in text
    assert 'quantile="0.99"' in text


def test_overload_answers_503_and_recovers(retriever: SlowRetriever) -> None:
    retriever.pause_s = 0.2
    body = json.dumps({"queries": ["ring"] * 10}).encode()
    with running(retriever, most_waiting=20) as address:
        with ThreadPoolExecutor(12) as workers:
            replies = list(workers.map(lambda _: get(address, "/search", "POST", body)[0], range(12)))
        assert set(replies) == {200, 503}
        assert get(address, "/search", "POST", body)[0] == 200
        with ThreadPoolExecutor(12) as workers:  # clients that come back are all served in the end
            patient = HttpRetriever(address, retries=12)
            answers = list(workers.map(lambda _: patient.search_batch(["ring"] * 10), range(12)))
        assert all(len(answer) == 10 for answer in answers)
        assert get(address, "/health")[0] == 200


def test_a_search_that_takes_too_long_is_given_up(retriever: SlowRetriever) -> None:
    retriever.pause_s = 0.3
    with running(retriever, timeout_s=0.05) as address:
        assert get(address, "/search", "POST", b'{"queries": ["ring"]}')[0] == 504
        with pytest.raises(RetrievalError, match=r"failed 2 times, last with status 504"):
            HttpRetriever(address, retries=1).search_batch(["ring"])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'{"queries": "ring"}',
        b'{"queries": ["a"], "k": 0}',
        b'{"queries": ["a"], "sql": "1=1"}',
        b'{"queries": ["a"], "where": {"since": "2019\' OR 1=1"}}',
        b'{"queries": ["' + b"x" * (5 << 20) + b'"]}',
    ],
)
def test_requests_that_do_not_fit_are_refused(retriever: SlowRetriever, body: bytes) -> None:
    with running(retriever) as address:
        assert get(address, "/search", "POST", body)[0] == 422
        assert retriever.batches == []


def test_shutting_down_answers_what_has_begun(retriever: SlowRetriever) -> None:
    retriever.pause_s = 0.4
    found: list[Any] = []
    with running(retriever) as address:
        client = HttpRetriever(address, retries=0)
        caller = threading.Thread(target=lambda: found.extend(client.search_batch(["ring number3"], k=1)))
        caller.start()
        while not retriever.batches:
            time.sleep(0.01)
    caller.join(10)
    assert found[0][0].passage.passage_id == "p3"
    with pytest.raises(RetrievalError, match="is the retriever service running"):
        HttpRetriever(address, retries=1).search_batch(["ring"])
    with pytest.raises(ConfigError, match="expected http://host:port"):
        HttpRetriever("file:///etc")


def test_an_updated_index_is_followed_and_a_broken_one_is_not(tmp_path: Path) -> None:
    settings, encoder = IndexSettings(), WordEncoder()
    manifest_path = tmp_path / "m.json"

    def build(count: int) -> None:
        passages = [Passage(f"p{n}", f"A ring number{n}.", "d") for n in range(count)]
        build_index(passages, encoder, tmp_path / "i", manifest_path, settings)

    build(3)
    following = FollowingRetriever(
        lambda: open_retriever(tmp_path / "i", manifest_path, tmp_path, settings, encoder=encoder),
        manifest_path,
        pause_s=0,
    )
    assert len(following.search_batch(["ring"], k=9)[0]) == 3
    build(5)
    assert len(following.search_batch(["ring"], k=9)[0]) == 5
    manifest_path.write_text("{")
    assert len(following.search_batch(["ring"], k=9)[0]) == 5
    build(2)
    assert following.search_batch(["ring"], k=9)[0][0].passage.passage_id in {"p0", "p1"}
    assert following.manifest.rows == 2
