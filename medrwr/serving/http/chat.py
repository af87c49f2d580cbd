"""OpenAI's chat completions: the last user message is the question, `reasoning_content` holds the way to the answer."""

from __future__ import annotations

import json
import re
import time
from collections.abc import AsyncIterator
from typing import Any

from starlette.responses import StreamingResponse

from medrwr.serving.http.answers import plain
from medrwr.serving.http.failing import Refusal
from medrwr.serving.http.intake import Asked
from medrwr.serving.http.schema import ChatMessage, ChatRequest
from medrwr.serving.http.streaming import Event
from medrwr.serving.served import Answered

_OPTION = re.compile(r"^\s*\(?([A-J])[.):]\s+(.+?)\s*$")


def to_asked(request: ChatRequest) -> Asked:
    """The last user message as a question with options.

    Raises:
        Refusal: there is no user message, an image is no data URL, or no options are to be found.
    """
    messages = [message for message in request.messages if message.role == "user"]
    if not messages:
        raise Refusal(422, "messages", "there is no message of role user", "add the question as one")
    text, images = _parts(messages[-1])
    if request.options:
        return Asked(text, tuple(request.options), images)
    lines = text.splitlines()
    found = [(number, match) for number, line in enumerate(lines) if (match := _OPTION.match(line))]
    if len(found) < 2:
        raise Refusal(
            422, "options", "the question has no options", "add lines such as `A. kemopril`, or the field `options`"
        )
    marked = {number for number, _ in found}
    question = "\n".join(line for number, line in enumerate(lines) if number not in marked).strip()
    return Asked(question, tuple(match.group(2) for _, match in found), images)


def _parts(message: ChatMessage) -> tuple[str, tuple[str, ...]]:
    if isinstance(message.content, str):
        return message.content, ()
    texts, images = [], []
    for part in message.content:
        kind, value = part.get("type"), part.get(str(part.get("type")))
        if kind == "text" and isinstance(value, str):
            texts.append(value)
        elif kind == "image_url" and isinstance(value, dict) and str(value.get("url", "")).startswith("data:"):
            images.append(str(value["url"]))
        else:
            raise Refusal(
                422, "messages", f"a content part of type {str(kind)[:40]!r} is not taken as it is",
                "send text, or image_url with a data URL: no address is fetched",
            )  # fmt: skip
    return "\n".join(texts), tuple(images)


def completion(answer: Answered) -> dict[str, Any]:
    """The answer as a chat completion; `medrwr` holds all that OpenAI's shape has no place for."""
    message = {"role": "assistant", "content": _said(answer), "reasoning_content": _reasoning(answer)}
    choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
    return {**_head(answer.id, answer.model.name, "chat.completion"), "choices": [choice], "medrwr": plain(answer)}


def chunks(events: AsyncIterator[Event | None], identity: str, model: str) -> StreamingResponse:
    """The events as chunks of a completion, `[DONE]` last."""

    async def lines() -> AsyncIterator[str]:
        head = _head(identity, model, "chat.completion.chunk")
        async for event in events:
            if event is None:
                yield ": alive\n\n"
                continue
            if event[0] == "error":
                yield f"data: {json.dumps(event[1])}\n\n"
                continue
            for delta, reason, more in _deltas(*event):
                choice = {"index": 0, "delta": delta, "finish_reason": reason}
                yield f"data: {json.dumps({**head, 'choices': [choice], **more})}\n\n"
        yield "data: [DONE]\n\n"

    return StreamingResponse(lines(), media_type="text/event-stream", headers={"Cache-Control": "no-store"})


def _deltas(kind: str, data: dict[str, Any]) -> list[tuple[dict[str, str], str | None, dict[str, Any]]]:
    if kind == "answer":
        said = f"{data['letter']}. {data['answer']}" if data["letter"] else ""
        return [({"role": "assistant", "content": said}, None, {}), ({}, "stop", {"medrwr": data})]
    if kind == "think":
        return [({"role": "assistant", "reasoning_content": data["text"] + "\n"}, None, {})]
    if kind == "query":
        return [({"role": "assistant", "reasoning_content": f"[searches: {data['text']}]\n"}, None, {})]
    return []


def _head(identity: str, model: str, kind: str) -> dict[str, Any]:
    return {"id": identity, "object": kind, "created": int(time.time()), "model": model}


def _said(answer: Answered) -> str:
    return f"{answer.letter}. {answer.answer}" if answer.letter else ""


def _reasoning(answer: Answered) -> str:
    lines = []
    for step in answer.trajectory:
        lines += [step.think] if step.think else []
        lines += [f"[searches: {step.query}]"] if step.query else []
    return "\n".join(lines)
