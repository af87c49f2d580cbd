"""A retriever for many processes: micro-batching HTTP server, and a client that is a `Retriever` itself."""

from medrwr.retrieval.service.client import HttpRetriever
from medrwr.retrieval.service.server import ServiceSettings, create_app, serve

__all__ = ["HttpRetriever", "ServiceSettings", "create_app", "serve"]
