"""The token-level record of an episode: what was sampled stays as it was sampled (M4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from medrwr.rollout.tokens import decode, encode_text


@dataclass(frozen=True, slots=True)
class Cut:
    """A place in a completion: after `tokens` ids, the last of which may hold a `tail` beyond the end of a tag."""

    tokens: int
    tail: str = ""


def without_overlap(text: str, tail: str) -> str:
    """What is left of `text` to insert where the sampled token before it already holds the beginning.

    Example:
        >>> without_overlap("<answer>", "<")
        'answer>'
    """
    for length in range(min(len(tail), len(text)), 0, -1):
        if tail.endswith(text[:length]):
            return text[length:]
    return text


class TokenRecord:
    """Ids, mask (1: sampled) and log-probabilities of a completion, all of equal length.

    `pending` are the ids that the model has not been given yet.
    """

    def __init__(self, tokenizer: Any, prompt_ids: Sequence[int]) -> None:
        self.prompt_ids = tuple(prompt_ids)
        self.ids: list[int] = []
        self.env_mask: list[int] = []
        self.logprobs: list[float] = []
        self.sampled = 0
        self.pending: list[int] = []
        self._tokenizer = tokenizer

    def sample(self, token: int, logprob: float) -> None:
        """Append one token of the policy's."""
        self.ids.append(token)
        self.env_mask.append(1)
        self.logprobs.append(logprob)
        self.sampled += 1
        self.pending.append(token)

    def insert_ids(self, ids: Sequence[int]) -> None:
        """Append tokens of the environment's."""
        self.ids.extend(ids)
        self.env_mask.extend([0] * len(ids))
        self.logprobs.extend([0.0] * len(ids))
        self.pending.extend(ids)

    def encode(self, text: str, tail: str = "") -> list[int]:
        """Ids of the environment's `text`, less what the last sampled token already holds of it."""
        return encode_text(self._tokenizer, without_overlap(text, tail))

    def insert(self, text: str, tail: str = "") -> None:
        """Append the environment's `text`."""
        self.insert_ids(self.encode(text, tail))

    def replay(self, ids: Sequence[int], env_mask: Sequence[int], logprobs: Sequence[float]) -> None:
        """Begin with the tokens of an earlier episode; nothing of it is pending."""
        self.ids, self.env_mask, self.logprobs = list(ids), list(env_mask), list(logprobs)
        self.sampled = sum(env_mask)

    def take_pending(self) -> list[int]:
        """The pending ids, which the caller gives to the model now."""
        taken, self.pending = self.pending, []
        return taken

    def text(self) -> str:
        """The completion, decoded; special tokens show."""
        return decode(self._tokenizer, self.ids)
