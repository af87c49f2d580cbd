"""A language model behind any OpenAI-compatible endpoint: limits, retries, a cache of what was paid for, cost."""

from medrwr.curation.endpoint.asking import Asker, Outcome
from medrwr.curation.endpoint.chat import ChatClient, EndpointSettings
from medrwr.curation.endpoint.cost import Estimate, Prices, Usage
from medrwr.curation.endpoint.replies import ReplyCache
from medrwr.curation.endpoint.requests import ChatReply, ChatRequest

__all__ = [
    "Asker",
    "ChatClient",
    "ChatReply",
    "ChatRequest",
    "EndpointSettings",
    "Estimate",
    "Outcome",
    "Prices",
    "ReplyCache",
    "Usage",
]
