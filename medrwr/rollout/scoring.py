"""Confidence: what the policy thinks of each option's letter at the first position after `<answer>` (M19, M25)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import torch
from torch import Tensor

from medrwr.policy.loading import Policy
from medrwr.rollout.backend import Batch, generating
from medrwr.rollout.context import Context
from medrwr.rollout.protocol import ANSWER, opening
from medrwr.rollout.record import Cut, without_overlap
from medrwr.rollout.tokens import decode, encode_text
from medrwr.types import LETTERS, Trajectory

Vocabulary = Literal["options", "full"]


class LetterTable:
    """The token ids that spell each letter, alone ("B") and after a blank (" B")."""

    def __init__(self, tokenizer: Any) -> None:
        self._spellings: list[list[int]] = []
        for letter in LETTERS:
            encoded = [tokenizer.encode(text, add_special_tokens=False) for text in (letter, f" {letter}")]
            spellings = {ids[0] for ids in encoded if len(ids) == 1}
            joined = tokenizer.encode(opening(ANSWER) + letter, add_special_tokens=False)[-1]
            if decode(tokenizer, [joined]).strip().casefold() == letter.casefold():
                spellings.add(joined)  # unigram tokenizers spell a letter otherwise where no blank stands before it
            self._spellings.append(sorted(spellings))

    def spellings(self, option: int) -> list[int]:
        """The ids of one option's letter."""
        return self._spellings[option]

    def option_probs(self, logits: Tensor, options: int, *, vocabulary: Vocabulary = "options") -> tuple[float, ...]:
        """Probability of each option's letter, both spellings summed.

        Args:
            logits: [vocabulary], at temperature 1.
            options: how many the question has.
            vocabulary: 'options' makes the options' probabilities sum to 1; 'full' is the paper's profile, in which
                they are shares of the whole vocabulary.
        """
        logprobs = torch.log_softmax(logits.double(), dim=-1)
        letters = torch.stack([logprobs[ids].logsumexp(0) for ids in self._spellings[:options]])
        if vocabulary == "options":
            letters = torch.log_softmax(letters, dim=0)
        return tuple(letters.exp().tolist())


def option_probs(
    policy: Policy,
    contexts: Sequence[Context],
    options: Sequence[int],
    *,
    vocabulary: Vocabulary = "options",
    batch_size: int = 64,
) -> list[tuple[float, ...]]:
    """Option probabilities (M25) after contexts that end with `<answer>`.

    Args:
        options: how many options each context's question has.
    """
    table = LetterTable(policy.tokenizer)
    probs: list[tuple[float, ...]] = []
    with generating(policy.model):
        for start in range(0, len(contexts), batch_size):
            chunk = slice(start, start + batch_size)
            logits = Batch(policy, contexts[chunk]).logits
            probs += [
                table.option_probs(row, count, vocabulary=vocabulary)
                for row, count in zip(logits, options[chunk], strict=True)
            ]
    return probs


def answer_context(tokenizer: Any, prompt: Context, completion_ids: Sequence[int], cut: Cut) -> Context:
    """The prompt and the completion up to `cut`, continued by `<answer>`."""
    ids = encode_text(tokenizer, without_overlap(opening(ANSWER), cut.tail))
    return prompt.extended([*completion_ids[: cut.tokens], *ids])


def cut_of(trajectory: Trajectory, name: Literal["query_cut", "answer_cut"]) -> Cut | None:
    """The place before the first query, or before the answer; None when the episode has none."""
    stored = trajectory.extras.get(name)
    return None if stored is None else Cut(int(stored[0]), str(stored[1]))


def counterfactual_probs(
    policy: Policy,
    prompts: Sequence[Context],
    trajectories: Sequence[Trajectory],
    options: Sequence[int],
    *,
    vocabulary: Vocabulary = "options",
) -> list[tuple[float, ...]]:
    """Option probabilities without retrieval (M19): each trajectory cut before its first query, then `<answer>`.

    The engine reads the same numbers in passing; this is the pass of its own. A trajectory without a query gives ().
    """
    cuts = [cut_of(trajectory, "query_cut") for trajectory in trajectories]
    chosen = [index for index, cut in enumerate(cuts) if cut is not None]
    contexts = [
        answer_context(policy.tokenizer, prompts[index], trajectories[index].completion_ids, cut)
        for index, cut in enumerate(cuts)
        if cut is not None
    ]
    scored = option_probs(policy, contexts, [options[index] for index in chosen], vocabulary=vocabulary)
    probs: list[tuple[float, ...]] = [()] * len(trajectories)
    for index, row in zip(chosen, scored, strict=True):
        probs[index] = row
    return probs
