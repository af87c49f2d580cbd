"""An endpoint that fails in every way that endpoints do, each request in its own turn, before it answers."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from medrwr.curation.offline import complete

CONTENTS = {"prose": "I cannot", "schema": "{}", "short": '{"observation": "a'}


@dataclass
class Faulty:
    """`plan`: what becomes of the first tries of each request; after them it answers.

    `tries` counts by what is asked, `answered` by the key of what was paid for.
    """

    url: str
    plan: Sequence[str]
    tries: Counter[str] = field(default_factory=Counter)
    answered: Counter[str] = field(default_factory=Counter)
    starts: list[float] = field(default_factory=list)

    def next_fault(self, asked: str) -> str:
        """What becomes of this try of what is asked."""
        turn = self.tries[asked]
        self.tries[asked] += 1
        return self.plan[turn] if turn < len(self.plan) else "answer"


@contextmanager
def faulty_endpoint(*plan: str) -> Iterator[Faulty]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler())
    state = Faulty(f"http://127.0.0.1:{server.server_address[1]}/v1", plan)
    server.state = state  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler() -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            state: Faulty = self.server.state  # type: ignore[attr-defined]
            state.starts.append(time.monotonic())
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            fault = state.next_fault(json.dumps(body["messages"]))
            if fault == "stall":
                time.sleep(1.5)
            if fault == "drop":
                self.close_connection = True
                return
            status, reply, length, headers = spoiled(fault, complete(body))
            if status == 200 and length == len(reply) and fault != "nonsense":
                state.answered[self.headers["Idempotency-Key"]] += 1
            self.send_response(status)
            for name, value in {"Content-Length": str(length), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply)

        def log_message(self, *_: object) -> None:
            pass

    return Handler


def spoiled(fault: str, values: dict[str, Any]) -> tuple[int, bytes, int, dict[str, str]]:
    """Status, body, the length that is told, and further headers."""
    choice = values["choices"][0]
    if fault in CONTENTS:
        choice["message"]["content"] = CONTENTS[fault]
    if fault == "short":
        choice["finish_reason"] = "length"
    reply = json.dumps(values).encode()
    if fault == "cut":
        return 200, reply[: len(reply) // 2], len(reply), {}
    if fault == "nonsense":
        return 200, b"<html>It works!</html>", 22, {}
    if fault == "slow":
        return 429, b"slow down", 9, {"Retry-After": "0.4"}
    if fault.isdigit():
        return int(fault), b"no", 2, {}
    return (500, b"late", 4, {}) if fault == "stall" else (200, reply, len(reply), {})
