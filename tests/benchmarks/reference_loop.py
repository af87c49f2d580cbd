"""The reference repository's way to play an episode, faithfully: the other side of the rollout benchmark.

Each turn generates to the end of the sequence or the token limit, decodes, cuts the text at the first `</query>`, adds
what was retrieved, tokenises all of it again and starts the next turn with a prefill of everything, images included.
What the policy wrote behind its query is thrown away. End of sequence is honoured. transformers' own `generate`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from medrwr.policy.loading import Policy
from medrwr.policy.prompts import render_prompt
from medrwr.rollout.backend import generating
from medrwr.rollout.context import Context, load_images, place_images
from medrwr.rollout.engine import RolloutRequest
from medrwr.rollout.logprobs import training_inputs
from medrwr.rollout.lookup import PassageSearch
from medrwr.rollout.protocol import parse_answer, render_block, render_passages
from medrwr.rollout.tokens import decode

END = "</query>"


@dataclass
class Play:
    """One episode: the text so far, whether it goes on, and what it cost."""

    request: RolloutRequest
    prompt: str
    history: str = ""
    turns: int = 0
    over: bool = False
    generated: int = 0
    wasted: int = 0
    letter: str | None = None
    queries: list[str] = field(default_factory=list)


def play(
    policy: Policy,
    retriever: PassageSearch,
    requests: Sequence[RolloutRequest],
    *,
    batch_size: int,
    max_turns: int,
    max_completion_tokens: int,
) -> list[Play]:
    """Greedy episodes of all requests, a batch at a time."""
    played = []
    for start in range(0, len(requests), batch_size):
        batch = [
            Play(request, render_prompt(policy, request.question, max_turns=max_turns))
            for request in requests[start : start + batch_size]
        ]
        while running := [one for one in batch if not one.over]:
            _turn(policy, retriever, running, max_turns=max_turns, limit=max_completion_tokens)
        played += batch
    return played


def _turn(policy: Policy, retriever: PassageSearch, running: Sequence[Play], *, max_turns: int, limit: int) -> None:
    texts = _generate(policy, running, limit)
    waiting = []
    for one, text in zip(running, texts, strict=True):
        asked = END in text and "<query>" in text and one.turns < max_turns
        kept = text[: text.index(END) + len(END)] if asked else text
        one.wasted += len(policy.tokenizer.encode(text[len(kept) :], add_special_tokens=False))
        one.history += kept
        if asked:
            one.queries.append(kept[kept.rindex("<query>") + len("<query>") : -len(END)].strip())
            waiting.append(one)
        else:
            one.over = True
            one.letter = _letter(one)
    if waiting:
        found = retriever.search_batch([one.queries[-1] for one in waiting])
        for one, passages in zip(waiting, found, strict=True):
            one.history += render_block("retrieve", render_passages(passages))
            one.turns += 1


def _generate(policy: Policy, running: Sequence[Play], limit: int) -> list[str]:
    """Prompt and history as one text, tokenised again; images through the processor again."""
    contexts: list[Context] = []
    for one in running:
        paths = [one.request.image_root / name for name in one.request.question.images]
        images = load_images(policy, paths)
        ids = policy.tokenizer.encode(one.prompt + one.history, add_special_tokens=False)
        contexts.append(place_images(policy, ids, [images[path] for path in paths], what="reference"))
    inputs = training_inputs(policy, [c.ids for c in contexts], [image for c in contexts for image in c.images])
    eos = policy.tokenizer.eos_token_id
    with generating(policy.model):
        output = policy.model.generate(
            **inputs, max_new_tokens=limit, do_sample=False, eos_token_id=eos, pad_token_id=eos, use_cache=True
        )
    texts = []
    for one, row in zip(running, output[:, inputs["input_ids"].shape[1] :], strict=True):
        ids = row.tolist()
        ids = ids[: ids.index(eos)] if eos in ids else ids
        one.generated += len(ids)
        texts.append(decode(policy.tokenizer, ids))
    policy.model.model.rope_deltas = None
    return texts


def _letter(one: Play) -> str | None:
    last = one.history.rsplit("</retrieve>", 1)[-1]
    if "<answer>" not in last:
        return None
    content = last.split("<answer>", 1)[1].split("</answer>", 1)[0]
    return parse_answer(content, one.request.question.options).letter
