"""Tokens and what they cost: counted from replies, estimated before any call."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from medrwr.curation.endpoint.requests import ChatReply, ChatRequest

CHARACTERS_A_TOKEN = 4.0  # English prose under the usual byte-pair vocabularies, 3.8 to 4.5
IMAGE_TOKENS = 800  # of one image of 768 pixels a side; 600 to 1,100 by the model
COMPLETION_TOKENS = 300  # of one reply, before any was seen


@dataclass(frozen=True, slots=True)
class Prices:
    """Money for a million tokens, in any one currency; 0: not known, or free."""

    prompt: float = 0.0
    completion: float = 0.0

    def cost(self, prompt_tokens: float, completion_tokens: float) -> float:
        """Money for so many tokens."""
        return (prompt_tokens * self.prompt + completion_tokens * self.completion) / 1e6


@dataclass(frozen=True, slots=True)
class Usage:
    """Of one run: `calls` that were paid for now, `cached` replies that were there, tokens of the calls."""

    calls: int = 0
    cached: int = 0
    retries: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0

    def called(self, reply: ChatReply) -> Usage:
        """With one more call."""
        return replace(
            self,
            calls=self.calls + 1,
            prompt_tokens=self.prompt_tokens + reply.prompt_tokens,
            completion_tokens=self.completion_tokens + reply.completion_tokens,
        )


@dataclass(frozen=True, slots=True)
class Estimate:
    """What requests that are not in the cache would cost; `calls` of them."""

    calls: int
    cached: int
    prompt_tokens: int
    completion_tokens: int
    cost: float


def prompt_tokens(request: ChatRequest) -> int:
    """About how many tokens a request has."""
    text = len(request.system) + len(request.user) + len(str(request.schema))
    return round(text / CHARACTERS_A_TOKEN) + IMAGE_TOKENS * len(request.images)


def estimate(new: Iterable[ChatRequest], *, cached: int, mean_completion: float | None, prices: Prices) -> Estimate:
    """For the requests that are `new`; `mean_completion`: tokens of a reply, None where none was seen."""
    sizes = [prompt_tokens(request) for request in new]
    completion = round(len(sizes) * (mean_completion or COMPLETION_TOKENS))
    return Estimate(len(sizes), cached, sum(sizes), completion, prices.cost(sum(sizes), completion))
