"""The ResponsesAgent: what is asked in a chat, and the reply as output items."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from mlflow.types.responses import ResponsesAgentRequest

from medrwr.config import RolloutSettings
from medrwr.errors import QuestionError
from medrwr.policy.loading import Policy
from medrwr.rollout.engine import RolloutEngine
from medrwr.serving.agent import MedRwrAgent, split_options, to_ask
from medrwr.serving.answering import Answerer
from tests.rollout.world import DictionaryRetriever, question

PNG = "data:image/png;base64,AAAA"


@pytest.fixture
def agent(trained: Policy) -> MedRwrAgent:
    built = MedRwrAgent()
    built._answerer = Answerer(RolloutEngine(trained, DictionaryRetriever(), RolloutSettings(batch_size=16)))
    return built


def request(images: Path) -> ResponsesAgentRequest:
    known = question(1, image=True)
    image = "data:image/png;base64," + base64.b64encode((images / known.images[0]).read_bytes()).decode()
    content = [{"type": "input_text", "text": known.text}, {"type": "input_image", "image_url": image}]
    return ResponsesAgentRequest(
        input=[{"role": "user", "content": content}], custom_inputs={"options": list(known.options)}
    )


def test_a_chat_is_answered_with_its_reasoning(
    agent: MedRwrAgent, images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import mlflow

    mlflow.tracing.disable()
    asked = request(images)
    response = agent.predict(asked)
    assert [item.type for item in response.output] == [
        "reasoning",
        "function_call",
        "function_call_output",
        "reasoning",
        "message",
    ]
    outputs: dict[str, Any] = response.custom_outputs or {}
    message = response.output[-1].model_dump()["content"][0]["text"]
    assert message.startswith(f"{outputs['answer']}. {outputs['answer_text']} (confidence {outputs['confidence']:.0%}")
    query = json.loads(response.output[1].model_dump()["arguments"])["query"]
    assert query == next(step["text"] for step in outputs["trajectory"] if step["kind"] == "query")
    events = list(agent.predict_stream(asked))
    assert [event.item["type"] for event in events] == [item.type for item in response.output]
    assert events[-1].custom_outputs == outputs


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("What?\nA. kemopril\nB. metoral", ("What?", ("kemopril", "metoral"))),
        ("What? \n  A) one\n  B) two \n", ("What?", ("one", "two"))),
        ("A. Smith asks:\nwhat?\nA. one\nB. two", ("A. Smith asks:\nwhat?", ("one", "two"))),
        ("What?\nB. one\nA. two", ("What?\nB. one\nA. two", ())),
        ("What?\nA. one\nor so", ("What?\nA. one\nor so", ())),
    ],
)
def test_options_are_the_last_lines(text: str, expected: tuple[str, tuple[str, ...]]) -> None:
    assert split_options(text) == expected


def test_the_last_message_of_the_user_counts() -> None:
    messages = [
        {"role": "user", "content": "Before?\nA. x\nB. y"},
        {"role": "assistant", "content": "A. x"},
        {
            "role": "user",
            "content": [{"type": "input_text", "text": "Now?"}, {"type": "input_image", "image_url": PNG}],
        },
    ]
    ask = to_ask(messages, {"options": ["x", "y"], "query": "ring"})
    assert (ask.question, ask.options, ask.image, ask.query) == ("Now?", ("x", "y"), PNG, "ring")


@pytest.mark.parametrize(
    ("messages", "reason"),
    [
        ([], "no message of the user"),
        ([{"role": "user", "content": [{"type": "input_image", "image_url": "http://host/a.png"}]}], "by address"),
        (
            [{"role": "user", "content": [{"type": "input_image", "image_url": PNG}] * 2}],
            "2 images, expected at most 1",
        ),
    ],
)
def test_an_unusable_chat_is_explained(messages: list[dict[str, Any]], reason: str) -> None:
    with pytest.raises(QuestionError, match=reason):
        to_ask(messages, {"options": ["x", "y"]})
