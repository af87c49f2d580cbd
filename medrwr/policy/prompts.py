"""The one prompt (M6): role, the four tags, when to query, how to answer; text-only and multimodal items alike.

The paper's text says both "only one query" and "multiple cycles may occur"; here several queries are allowed,
up to `max_turns`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from medrwr.types import LETTERS

if TYPE_CHECKING:
    from medrwr.datasets.benchmarks.record import Item
    from medrwr.policy.loading import Policy

_CHOOSE = "Give letter and text of the right option inside <answer> tags."
_IN_WORDS = "Give the answer in a few words inside <answer> tags."
_ROLE = "You are a medical expert."
_WITH_RETRIEVAL = (
    "Think inside <think> tags. When unsure, ask the knowledge base inside <query> tags, up to {max_turns} times; it "
    f"replies inside <retrieve> tags. {_CHOOSE}"
)
_WITHOUT_RETRIEVAL = f"Think inside <think> tags. {_CHOOSE}"


def render_options(options: tuple[str, ...]) -> str:
    """Options one a line: 'A. kemopril'."""
    return "\n".join(f"{LETTERS[i]}. {option}" for i, option in enumerate(options))


def build_messages(question: Item, *, max_turns: int) -> list[dict[str, Any]]:
    """Chat messages of a question: a system message, then images before the text (M6). Without options: in words.

    The content is a list of blocks, `{"type": "image"}` for each image in order, then one text block.
    """
    rules = _WITH_RETRIEVAL.format(max_turns=max_turns) if max_turns else _WITHOUT_RETRIEVAL
    blocks: list[dict[str, Any]] = [{"type": "image"} for _ in question.images]
    if not question.options:
        rules = rules.replace(_CHOOSE, _IN_WORDS)
    asked = "\n".join(filter(None, (question.text, render_options(question.options))))
    blocks.append({"type": "text", "text": asked})
    return [
        {"role": "system", "content": [{"type": "text", "text": f"{_ROLE} {rules}"}]},
        {"role": "user", "content": blocks},
    ]


def render_prompt(policy: Policy, question: Item, *, max_turns: int) -> str:
    """The prompt as text, with one image placeholder an image and the assistant's turn opened."""
    messages = build_messages(question, max_turns=max_turns)
    text = policy.processor.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    assert isinstance(text, str)
    return text
