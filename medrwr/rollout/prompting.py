"""Prompts as contexts: rendered, tokenised and widened for their images, each distinct one once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from medrwr.datasets.benchmarks.record import Item
from medrwr.policy.loading import Policy
from medrwr.policy.prompts import render_prompt
from medrwr.rollout.context import Context, check_images, load_images, place_images


@dataclass(frozen=True, slots=True)
class PromptSource:
    """What a prompt is made from: a question, or the ids that a trainer made of it."""

    question: Item
    image_root: Path
    max_turns: int
    prompt_ids: tuple[int, ...] | None = None


def prompt_contexts(policy: Policy, sources: Sequence[PromptSource]) -> list[Context]:
    """One context a source; equal sources share one, and equal paths one image.

    Raises:
        ImageError: an image cannot be decoded.
        QuestionError: a prompt's image placeholders do not fit its images.
    """
    paths = [source.image_root / image for source in sources for image in source.question.images]
    images = load_images(policy, paths)
    made: dict[PromptSource, Context] = {}
    for source in dict.fromkeys(sources):
        own = [images[source.image_root / image] for image in source.question.images]
        what = f"question {source.question.question_id!r}"
        if source.prompt_ids is not None:
            made[source] = check_images(policy, Context(source.prompt_ids, tuple(own)), what=what)
        else:
            text = render_prompt(policy, source.question, max_turns=source.max_turns)
            ids = policy.tokenizer.encode(text, add_special_tokens=False)
            made[source] = place_images(policy, ids, own, what=what)
    return [made[source] for source in sources]


def text_context(policy: Policy, question: Item, max_turns: int, prompt_ids: tuple[int, ...] | None = None) -> Context:
    """The prompt of a question without images; the policy's model is not needed."""
    if prompt_ids is not None:
        return Context(prompt_ids)
    text = render_prompt(policy, question, max_turns=max_turns)
    return Context(tuple(policy.tokenizer.encode(text, add_special_tokens=False)))
