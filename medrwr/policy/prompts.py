"""The one prompt (M6): role, the four tags, when to query, how to answer; text-only and multimodal items alike.

The paper's text says both "only one query" and "multiple cycles may occur"; here several queries are allowed,
up to `max_turns`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from medrwr.types import LETTERS, Question

if TYPE_CHECKING:
    from medrwr.policy.loading import Policy

_ROLE = "You are a medical expert."
_WITH_RETRIEVAL = (
    "Think inside <think> tags. When unsure, ask the knowledge base inside <query> tags, up to {max_turns} times; it "
    "replies inside <retrieve> tags. Give letter and text of the right option inside <answer> tags."
)
_WITHOUT_RETRIEVAL = "Think inside <think> tags. Give letter and text of the right option inside <answer> tags."


def render_options(options: tuple[str, ...]) -> str:
    """Options one a line: 'A. kemopril'."""
    return "\n".join(f"{LETTERS[i]}. {option}" for i, option in enumerate(options))


def build_messages(question: Question, *, max_turns: int) -> list[dict[str, Any]]:
    """Chat messages of a question: a system message, then images before the text (M6).

    The content is a list of blocks, `{"type": "image"}` for each image in order, then one text block.
    """
    rules = _WITH_RETRIEVAL.format(max_turns=max_turns) if max_turns else _WITHOUT_RETRIEVAL
    blocks: list[dict[str, Any]] = [{"type": "image"} for _ in question.images]
    blocks.append({"type": "text", "text": f"{question.text}\n{render_options(question.options)}"})
    return [
        {"role": "system", "content": [{"type": "text", "text": f"{_ROLE} {rules}"}]},
        {"role": "user", "content": blocks},
    ]


def render_prompt(policy: Policy, question: Question, *, max_turns: int) -> str:
    """The prompt as text, with one image placeholder an image and the assistant's turn opened."""
    messages = build_messages(question, max_turns=max_turns)
    text = policy.processor.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    assert isinstance(text, str)
    return text
