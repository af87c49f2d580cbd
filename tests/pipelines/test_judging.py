"""The judge over a real local endpoint: scores, the cache, what fails, and what must be named before any work."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from PIL import Image

from medrwr.config import Params
from medrwr.errors import ConfigError
from medrwr.sinks import NullSink
from pipelines.judging import judge_reasoning, require_judge
from pipelines.paths import Paths
from pipelines.stage import StageContext
from tests.pipelines.test_evaluate import evaluated

SCORES = {"coherence": 4, "factuality": 3, "relevance": 4, "conciseness": 5}


@contextmanager
def judge(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict]]:
    """An endpoint that scores everything, but always writes prose about question 1; yields the requests it got."""
    asked: list[dict] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append(body)
            reply = "It is fine." if "Question 1?" in body["messages"][1]["content"][0]["text"] else json.dumps(SCORES)
            message = {"role": "assistant", "content": reply}
            made = {
                "object": "chat.completion",
                "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
                "usage": {"prompt_tokens": 10, "completion_tokens": 10},
            }
            payload = json.dumps(made).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    monkeypatch.setenv("OPENAI_BASE_URL", f"http://127.0.0.1:{server.server_address[1]}/v1")
    monkeypatch.setenv("OPENAI_MODEL", "judge")
    try:
        yield asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def context_of(root: Path, questions: int) -> StageContext:
    params = Params.model_validate({"evaluate": {"judge_questions": questions}})
    paths = Paths(root)
    (paths.clinic / "images").mkdir(parents=True, exist_ok=True)
    for number in range(4):
        Image.new("L", (8, 8), 10 * number).save(paths.clinic / f"images/{number}.png")
    return StageContext(params, paths, NullSink())


def test_m30_answers_are_judged_once_and_what_has_no_scores_is_named(tmp_path, monkeypatch):
    context, data = context_of(tmp_path, 4), evaluated()
    with judge(monkeypatch) as asked:
        judged = judge_reasoning(context, data)
        assert [one.question_id for one in judged.judgements] == ["q0", "q2", "q3"]
        assert judged.judgements[0].scores.mean == 4.0
        assert list(judged.left_out) == ["q1"]
        first = len(asked)
        assert first == 3 + 3  # question 1 is asked three times
        assert judge_reasoning(context, data) == judged
        assert len(asked) == first  # all replies were kept
    parts = asked[0]["messages"][1]["content"]
    assert parts[1]["image_url"]["url"].startswith("data:image/jpeg;base64,")


def test_m30_an_endpoint_that_is_down_leaves_answers_unjudged(tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("OPENAI_MODEL", "judge")
    monkeypatch.setattr("medrwr.curation.endpoint.chat._LONGEST_PAUSE_S", 0.0)
    judged = judge_reasoning(context_of(tmp_path, 2), evaluated())
    assert judged.judgements == ()
    assert set(judged.left_out) == {"q0", "q1"}


def test_m30_the_judge_is_off_by_default_and_must_be_named_when_it_is_on(tmp_path, monkeypatch):
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    assert Params().evaluate.judge_questions == 0
    require_judge(0)
    assert judge_reasoning(context_of(tmp_path, 0), evaluated()) is None
    with pytest.raises(ConfigError, match="OPENAI_BASE_URL is not set"):
        require_judge(1)
