"""The client against a real local server whose next responses each test lays out."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from medrwr.errors import ConfigError, ImageError, ServerError
from medrwr.serving.client import Client
from medrwr.serving.events import read_events
from medrwr.serving.posting import pause_s

PASSAGE = {"id": "p1", "title": "Tarvenosis", "text": "It is treated with kemopril.", "source": "clinic", "score": 0.5}
ANSWER: dict[str, Any] = {
    "id": "r1",
    "model": {"name": "med-rwr", "version": "3", "digest": "abc"},
    "index": {"digest": "def"},
    "letter": "B",
    "answer": "metoral",
    "option_probs": {"A": 0.25, "B": 0.75},
    "confidence": 0.75,
    "abstained": False,
    "reretrieved": True,
    "stop_reason": "answered",
    "trajectory": [{"think": "A ring.", "query": "ring", "passages": [PASSAGE]}, {"think": "It is metoral."}],
    "sources": [PASSAGE],
    "similar_cases": [{"case_id": "c1", "caption": "A ring.", "score": 0.9, "image": "data:image/png;base64,AA"}],
    "text": "",
    "timings": {"total_s": 0.1},
    "a_field_of_later": 1,
}
BUSY = (503, {"Retry-After": "0"}, {"error": {"code": "busy", "message": "the queue is full", "remedy": "try again"}})
GOOD: tuple[int, dict[str, str], Any] = (200, {}, ANSWER)


class Scripted(ThreadingHTTPServer):
    """Gives `responses` one after the other, and keeps what it was sent."""

    daemon_threads = True

    def __init__(self) -> None:
        self.responses: list[tuple[int, dict[str, str], Any]] = []
        self.received: list[tuple[str, dict[str, str], Any]] = []
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: Scripted

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.received.append((self.path, dict(self.headers), body))
        status, headers, content = self.server.responses.pop(0)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content if isinstance(content, bytes) else json.dumps(content).encode())

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Scripted]:
    with Scripted() as scripted:
        thread = threading.Thread(target=scripted.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield scripted
        scripted.shutdown()


def test_an_answer_is_a_record(server: Scripted, tmp_path: Path) -> None:
    server.responses = [GOOD]
    (tmp_path / "scan.png").write_bytes(b"pixels")
    client = Client(server.address, key="secret")
    reply = client.answer("What?", ["kemopril", "metoral"], image=tmp_path / "scan.png", query="ring")
    assert (reply.letter, reply.confidence, reply.model.version) == ("B", 0.75, "3")
    assert [step.query for step in reply.trajectory] == ["ring", None]
    assert reply.trajectory[0].passages[0].title == "Tarvenosis"
    ((path, headers, body),) = server.received
    assert (path, headers["Authorization"]) == ("/v1/answers", "Bearer secret")
    assert body == {
        "question": "What?",
        "options": ["kemopril", "metoral"],
        "images": [base64.b64encode(b"pixels").decode()],
        "query": "ring",
    }


def test_what_is_busy_is_asked_again(server: Scripted) -> None:
    limited = (429, {"Retry-After": "0"}, BUSY[2])
    server.responses = [BUSY, limited, GOOD]
    assert Client(server.address).answer("What?", ["a", "b"]).letter == "B"
    assert len(server.received) == 3


def test_patience_has_an_end(server: Scripted) -> None:
    server.responses = [BUSY] * 3
    with pytest.raises(ServerError, match="the queue is full: try again") as caught:
        Client(server.address, retries=2).answer("What?", ["a", "b"])
    assert (caught.value.status, caught.value.code, len(server.received)) == (503, "busy", 3)


def test_a_refused_question_is_not_asked_again(server: Scripted) -> None:
    error = {"code": "options", "message": "2 to 10 options are taken, not 1", "remedy": "give more"}
    server.responses = [(422, {}, {"error": error}), (500, {}, b"broken")]
    with pytest.raises(ServerError, match="2 to 10 options are taken, not 1: give more") as caught:
        Client(server.address).answer("What?", ["a"])
    assert caught.value.status == 422
    with pytest.raises(ServerError, match="the server answered 500"):
        Client(server.address).answer("What?", ["a", "b"])


def event(kind: str, data: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps(data)}\n\n".encode()


def test_a_stream_ends_with_the_answer(server: Scripted) -> None:
    thoughts = event("think", {"text": "A ring."}) + b": alive\n\n" + event("query", {"text": "ring"})
    server.responses = [BUSY, (200, {}, thoughts + event("answer", ANSWER))]
    events = list(Client(server.address).stream("What?", ["a", "b"]))
    assert [one.kind for one in events] == ["think", "query", "answer"]
    assert events[0].answered is None
    assert events[-1].answered is not None
    assert events[-1].answered.answer == "metoral"
    assert server.received[-1][2]["stream"] is True


def test_a_stream_can_fail_on_the_way_and_is_not_begun_again(server: Scripted) -> None:
    broken = event("think", {"text": "A ring."})
    failure = {"error": {"code": "retriever", "message": "the index is gone", "remedy": "ask again"}}
    server.responses = [(200, {}, broken + event("error", failure)), (200, {}, broken), GOOD]
    with pytest.raises(ServerError, match="the index is gone: ask again"):
        list(Client(server.address).stream("What?", ["a", "b"]))
    with pytest.raises(ServerError, match="ended the stream without an answer"):
        list(Client(server.address).stream("What?", ["a", "b"]))
    assert len(server.received) == 2


def test_feedback_says_what_is_known_and_no_more(server: Scripted) -> None:
    server.responses = [(201, {}, {}), (201, {}, {})]
    Client(server.address).feedback("r1", "right")
    Client(server.address).feedback("r1", "wrong", correct_letter="A", comment="see the ring")
    assert [body for _, _, body in server.received] == [
        {"id": "r1", "rating": "right"},
        {"id": "r1", "rating": "wrong", "correct_letter": "A", "comment": "see the ring"},
    ]


def test_an_answer_of_another_version_is_told(server: Scripted) -> None:
    server.responses = [(200, {}, {**ANSWER, "confidence": "high"}), (200, {}, b"<html>")]
    with pytest.raises(ServerError, match=r"confidence: .*update the two"):
        Client(server.address).answer("What?", ["a", "b"])
    with pytest.raises(ServerError, match="is it a medrwr server"):
        Client(server.address).answer("What?", ["a", "b"])


def test_a_server_that_is_not_there_is_told() -> None:
    with pytest.raises(ServerError, match=r"cannot be reached .*medrwr serve"):
        Client("http://127.0.0.1:9", retries=0).answer("What?", ["a", "b"])
    with pytest.raises(ConfigError, match="expected http"):
        Client("127.0.0.1:8000")
    with pytest.raises(ImageError, match=r"absent\.png cannot be read"):
        Client("http://127.0.0.1:9").answer("What?", ["a", "b"], image="absent.png")


def test_a_server_that_says_nothing_is_waited_for_once() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as silent:  # accepts, never answers
        began = time.monotonic()
        with pytest.raises(ServerError, match=r"no answer within 0\.2 s"):
            Client(f"http://127.0.0.1:{silent.server_address[1]}", timeout_s=0.2).answer("What?", ["a", "b"])
        assert time.monotonic() - began < 2


def test_pauses_are_the_servers_or_grow() -> None:
    assert pause_s(0, "7") == 7
    assert pause_s(0, "3600") == 30  # at most
    assert 0.1 <= pause_s(0, None) <= 0.3  # 0.2 x 0.5 .. 1.5
    assert 0.8 <= pause_s(3, "Fri, 27 Nov 2026 06:00:00 GMT") <= 2.4  # 0.2 x 8 = 1.6, x 0.5 .. 1.5


def test_events_may_have_several_lines_and_comments() -> None:
    lines = [
        b": comment\n",
        b"\n",
        b"event: a\r\n",
        b'data: {"x":\r\n',
        b"data: 1}\r\n",
        b"\r\n",
        b"data: [DONE]\n",
        b"\n",
    ]
    assert list(read_events(lines)) == [("a", {"x": 1})]
