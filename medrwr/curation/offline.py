"""The offline model behind the same HTTP API as any other: chat completions with a JSON schema, on loopback only."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from medrwr.curation.extraction import explanation_of, item_of, record_of
from medrwr.curation.prompts import EXPLANATION_TASK, ITEM_TASK, RECORD_TASK

OFFLINE_MODEL = "offline-extraction-5"  # part of the cache's keys: another way of extracting is another model


_TASKS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    RECORD_TASK: lambda asked: record_of(asked["caption"]),
    ITEM_TASK: item_of,
    EXPLANATION_TASK: lambda asked: explanation_of(asked["explanation"]),
}


@contextmanager
def offline_endpoint() -> Iterator[str]:
    """Serve on a free port of loopback; gives the base URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def complete(body: dict[str, Any]) -> dict[str, Any]:
    """The reply to the body of one request.

    Raises:
        KeyError, TypeError, ValueError: it is none of the three tasks.
    """
    task = body["response_format"]["json_schema"]["name"]
    content = body["messages"][-1]["content"]
    text = content if isinstance(content, str) else next(part["text"] for part in content if part["type"] == "text")
    asked = json.loads(text)
    if task not in _TASKS:
        raise ValueError(f"task {task!r} is unknown, expected one of {', '.join(_TASKS)}")
    made = _TASKS[task](asked)
    reply = json.dumps(made, ensure_ascii=False)
    return {
        "object": "chat.completion",
        "model": OFFLINE_MODEL,
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": reply}}],
        "usage": {"prompt_tokens": len(text) // 4, "completion_tokens": len(reply) // 4},
    }


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if not self.path.endswith("/chat/completions"):
            self._reply(404, {"error": {"message": f"no such path: {self.path}"}})
            return
        try:
            self._reply(200, complete(json.loads(body)))
        except (KeyError, TypeError, ValueError, StopIteration) as error:
            self._reply(400, {"error": {"message": f"{type(error).__name__}: {error}"}})

    def _reply(self, status: int, values: dict[str, Any]) -> None:
        payload = json.dumps(values).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, *_: Any) -> None:
        """Say nothing: captions may hold what a log must not."""
