"""An HTTP server of vLLM's completions schema, over a model of ours: ids in, ids and log-probabilities out."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import torch

from medrwr.policy.loading import Policy
from medrwr.rollout.backend import Batch, generating
from medrwr.rollout.context import Context
from medrwr.rollout.loop import token_kinds, vision_ids
from medrwr.rollout.sampling import draw
from medrwr.rollout.tokens import decode


def complete(policy: Policy, body: dict[str, Any]) -> dict[str, Any]:
    """The reply to one request; `logprobs` likeliest tokens at each position, keys 'token_id:N'."""
    generator = torch.Generator().manual_seed(int(body["seed"]))
    suppressed, ends = torch.tensor(vision_ids(policy)), token_kinds(policy).stop
    ids: list[int] = []
    logprobs: list[float] = []
    top: list[dict[str, float]] = []
    finished = "length"
    with generating(policy.model):
        batch = Batch(policy, [Context(tuple(body["prompt"]))])
        while len(ids) < body["max_tokens"]:
            values = torch.log_softmax(batch.logits[0], dim=-1)
            uniform = torch.rand(1, generator=generator, dtype=torch.float64)
            token = int(draw(batch.logits, uniform, temperature=body["temperature"], suppressed=suppressed)[0])
            best = values.topk(min(int(body["logprobs"]), len(values)))
            top.append({f"token_id:{i}": float(v) for v, i in zip(best.values, best.indices, strict=True)})
            ids.append(token)
            logprobs.append(float(values[token]))
            text = decode(policy.tokenizer, ids)
            if token in ends or any(stop in text for stop in body["stop"]):
                finished = "stop"
                break
            batch.advance([[token]])
    choice = {
        "index": 0,
        "text": decode(policy.tokenizer, ids),
        "token_ids": ids,
        "finish_reason": finished,
        "logprobs": {"tokens": [f"token_id:{i}" for i in ids], "token_logprobs": logprobs, "top_logprobs": top},
    }
    return {"object": "text_completion", "model": body["model"], "choices": [choice]}


@contextmanager
def serving(policy: Policy, *, drop: tuple[str, ...] = (), failures: int = 0) -> Iterator[str]:
    """A running server's address. `drop`: fields left out of the reply; the first `failures` requests get 503."""
    lock, left = threading.Lock(), [failures]

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with lock:
                if left[0]:
                    left[0] -= 1
                    self.send_error(503)
                    return
                reply = complete(policy, body)
            for name in drop:
                reply["choices"][0].pop(name)
            data = json.dumps(reply).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
