"""The same model as MLflow's ResponsesAgent: a chat with an image in, reasoning, look-ups and an answer out.

It is logged beside the pyfunc of its version and refers to the same artefacts. MLflow traces each call, the image
included, wherever it is pointed to: `mlflow.tracing.disable()` switches that off.
"""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mlflow.pyfunc.model import ResponsesAgent
from mlflow.types.responses import ResponsesAgentRequest, ResponsesAgentResponse, ResponsesAgentStreamEvent

from medrwr.errors import QuestionError
from medrwr.serving.answering import Answerer
from medrwr.serving.asking import Ask
from medrwr.serving.configuration import read_config
from medrwr.serving.opening import open_version
from medrwr.serving.replies import Reply
from medrwr.types import LETTERS

CODE = Path(__file__).with_name("agent_code.py")
_OPTION = re.compile(r"^\s*([A-J])[.):]\s+(\S.*?)\s*$")
_DONE = "response.output_item.done"


class MedRwrAgent(ResponsesAgent):
    """Answers the last message of the user; `custom_outputs` holds the whole reply."""

    _answerer: Answerer

    def load_context(self, context: Any) -> None:
        """Open everything.

        Raises:
            DigestError: an artefact is not the one that was registered.
        """
        self._answerer = open_version(read_config(context.model_config))

    def predict(self, request: ResponsesAgentRequest) -> ResponsesAgentResponse:  # type: ignore[override]
        """The whole answer at once.

        Raises:
            QuestionError: there is no question, or too few options.
            ImageError: the image cannot be decoded.
        """
        reply = self._answer(request)
        return ResponsesAgentResponse(output=items_of(reply), custom_outputs=outputs_of(reply))

    def predict_stream(  # type: ignore[override]
        self, request: ResponsesAgentRequest
    ) -> Generator[ResponsesAgentStreamEvent, None, None]:
        """The answer, an item at a time; the last one has `custom_outputs`."""
        reply = self._answer(request)
        *before, last = items_of(reply)
        for item in before:
            yield ResponsesAgentStreamEvent(type=_DONE, item=item)
        yield ResponsesAgentStreamEvent(type=_DONE, item=last, custom_outputs=outputs_of(reply))

    def _answer(self, request: ResponsesAgentRequest) -> Reply:
        messages = [item.model_dump() for item in request.input]
        (reply,) = self._answerer.answer([to_ask(messages, request.custom_inputs or {})])
        return reply


def to_ask(messages: list[dict[str, Any]], custom: Mapping[str, Any]) -> Ask:
    """The last message of the user as a question.

    Options are `custom["options"]`, else the lines 'A. ...', 'B. ...' that end the text. An image is a data URL.

    Raises:
        QuestionError: no message of the user, an image by address, or more than one image.
    """
    asked = [message["content"] for message in messages if message.get("role") == "user"]
    if not asked:
        raise QuestionError("there is no message of the user: give one with role `user`")
    parts = [{"type": "input_text", "text": asked[-1]}] if isinstance(asked[-1], str) else asked[-1]
    text = "\n".join(str(part["text"]) for part in parts if part.get("type") == "input_text")
    images = [_data_url(part) for part in parts if part.get("type") == "input_image"]
    if len(images) > 1:
        raise QuestionError(f"the message has {len(images)} images, expected at most 1: leave the others out")
    question, options = split_options(text)
    given = custom.get("options")
    if given:
        question, options = text, tuple(map(str, given))
    return Ask(question, options, images[0] if images else None, custom.get("query"))


def split_options(text: str) -> tuple[str, tuple[str, ...]]:
    """The question, and the options on its last lines: 'A. ...', 'B. ...' in order."""
    lines = text.rstrip().splitlines()
    matches = [_OPTION.match(line) for line in lines]
    for start, match in enumerate(matches):
        found = [one for one in matches[start:] if one]
        in_order = all(one[1] == letter for one, letter in zip(found, LETTERS, strict=False))
        if match and in_order and 2 <= len(found) == len(matches) - start:
            return "\n".join(lines[:start]).strip(), tuple(one[2] for one in found)
    return text.strip(), ()


def example_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of the pyfunc (question, options, image as base64) as a request in a chat."""
    content = [
        {"type": "input_text", "text": row["question"]},
        {"type": "input_image", "image_url": f"data:image/png;base64,{row['image']}"},
    ]
    return {"input": [{"role": "user", "content": content}], "custom_inputs": {"options": row["options"]}}


def items_of(reply: Reply) -> list[dict[str, Any]]:
    """Thoughts as reasoning, queries as calls of `search` with what they found, then the answer as a message."""
    items: list[dict[str, Any]] = []
    calls = 0
    for number, step in enumerate(reply.trajectory):
        if step.kind == "think":
            items.append(ResponsesAgent.create_reasoning_item(f"think-{number}", step.text))
        elif step.kind == "query":
            calls += 1
            arguments = json.dumps({"query": step.text}, ensure_ascii=False)
            items.append(
                ResponsesAgent.create_function_call_item(f"query-{number}", f"search-{calls}", "search", arguments)
            )
        elif step.kind in ("retrieve", "cases"):
            items.append(ResponsesAgent.create_function_call_output_item(f"search-{max(calls, 1)}", step.text))
    return [*items, ResponsesAgent.create_text_output_item(_said(reply), "answer")]


def outputs_of(reply: Reply) -> dict[str, Any]:
    """The reply as plain JSON."""
    values: dict[str, Any] = json.loads(json.dumps(asdict(reply)))
    return values


def _said(reply: Reply) -> str:
    if not reply.answer:
        return f"No answer could be read (the episode ended: {reply.stop_reason})."
    kind = "calibrated" if reply.calibrated else "not calibrated"
    return f"{reply.answer}. {reply.answer_text} (confidence {reply.confidence:.0%}, {kind}; research use only)"


def _data_url(part: Mapping[str, Any]) -> str:
    url = part.get("image_url")
    if not isinstance(url, str) or not url.startswith("data:image/"):
        raise QuestionError("an image is given by address: put it inside, as a data URL (data:image/png;base64,...)")
    return url
