"""Server-sent events and OpenAI's chat completions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from medrwr.errors import ServerError
from tests.rollout.world import question
from tests.serving.http.world import OPTIONS, QUESTION, Running, encoded

LETTERED = "\n".join([QUESTION, *(f"{letter}. {option}" for letter, option in zip("ABCD", OPTIONS, strict=True))])


def test_events_come_in_the_order_of_reasoning(server: Running) -> None:
    events = list(server.client.stream(QUESTION, OPTIONS))
    kinds = [event.kind for event in events]
    assert [kind for kind in kinds if kind != "delta"] == ["think", "query", "retrieve", "think", "answer"]
    answered = events[-1].answered
    assert answered is not None
    assert answered.answer in OPTIONS
    written = "".join(event.data["text"] for event in events if event.kind == "delta")
    assert f"<query>{answered.trajectory[0].query}</query>" in written.replace("> ", ">").replace(" </", "</")
    assert kinds.index("delta") < kinds.index("think")


def test_a_second_look_is_an_event(server: Running, images: Path) -> None:
    events = list(server.client.stream(question(1, image=True).text, OPTIONS, image=images / "1.png"))
    kinds = [event.kind for event in events if event.kind != "delta"]
    assert "cases" in kinds
    assert kinds.index("cases") > kinds.index("retrieve")
    answered = events[-1].answered
    assert answered is not None
    assert answered.reretrieved


def test_a_stream_refuses_as_an_answer_does(server: Running) -> None:
    with pytest.raises(ServerError, match="the image is no PNG, JPEG or DICOM file"):
        list(server.client.stream(QUESTION, OPTIONS, image=b""))
    with pytest.raises(ServerError, match="options"):
        list(server.client.stream(QUESTION, ["one"]))


def test_a_chat_answers_with_its_reasoning(server: Running) -> None:
    body = {"model": "med-rwr", "messages": [{"role": "user", "content": LETTERED}]}
    completion = server.post("/v1/chat/completions", body).json()
    (choice,) = completion["choices"]
    direct = server.client.answer(QUESTION, OPTIONS)
    assert choice["message"]["content"] == f"{direct.letter}. {direct.answer}"
    assert direct.trajectory[0].think in choice["message"]["reasoning_content"]
    assert completion["medrwr"]["confidence"] == direct.confidence
    assert completion["object"] == "chat.completion"


def test_a_chat_takes_an_image_as_a_data_url(server: Running, images: Path) -> None:
    url = f"data:image/png;base64,{encoded(images / '1.png')}"
    content = [{"type": "text", "text": LETTERED}, {"type": "image_url", "image_url": {"url": url}}]
    body = {"messages": [{"role": "user", "content": content}]}
    assert server.post("/v1/chat/completions", body).json()["medrwr"]["calibrated"]


def test_a_chat_streams_chunks(server: Running) -> None:
    body = {"messages": [{"role": "user", "content": LETTERED}], "stream": True}
    lines = server.post("/v1/chat/completions", body).text.splitlines()
    data = [line.removeprefix("data: ") for line in lines if line.startswith("data: ")]
    assert data[-1] == "[DONE]"
    chunks: list[dict[str, Any]] = [json.loads(text) for text in data[:-1]]
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks]
    reasoning = "".join(delta.get("reasoning_content", "") for delta in deltas)
    said = "".join(delta.get("content", "") for delta in deltas)
    assert "[searches: " in reasoning
    assert said[0] in "ABCD"
    assert chunks[-1]["choices"][0]["finish_reason"] == "stop"
    assert chunks[-1]["medrwr"]["letter"] == said[0]


@pytest.mark.parametrize(
    ("messages", "named"),
    [
        ([{"role": "system", "content": LETTERED}], "user"),
        ([{"role": "user", "content": QUESTION}], "options"),
        ([{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "http://x/y.png"}}]}], "image_url"),
        ([{"role": "user", "content": [{"type": "input_audio", "input_audio": {}}]}], "input_audio"),
        ([], "messages"),
    ],
)
def test_a_chat_that_is_no_question_is_refused(server: Running, messages: list[Any], named: str) -> None:
    response = server.post("/v1/chat/completions", {"messages": messages})
    assert response.status_code == 422
    assert named in response.json()["error"]["message"]
