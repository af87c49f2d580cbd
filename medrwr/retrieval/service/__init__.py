"""A retriever for many processes: micro-batching HTTP server, and a client that is a `Retriever` itself."""

from medrwr.retrieval.service.client import HttpRetriever
from medrwr.retrieval.service.following import FollowingRetriever
from medrwr.retrieval.service.server import ServiceSettings, create_app, serve

__all__ = ["FollowingRetriever", "HttpRetriever", "ServiceSettings", "create_app", "serve"]
