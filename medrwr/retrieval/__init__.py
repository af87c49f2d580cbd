"""Encoders, indexes and retrievers for passages and image cases (M7-M8, M10, M18, M26)."""

from medrwr.retrieval.encoder import EncoderCard, ImageTextEncoder, TextEncoder
from medrwr.retrieval.index import build_index
from medrwr.retrieval.manifest import IndexManifest
from medrwr.retrieval.retriever import IndexRetriever, Retriever, open_retriever
from medrwr.retrieval.text_encoder import open_text_encoder

__all__ = [
    "EncoderCard",
    "ImageTextEncoder",
    "IndexManifest",
    "IndexRetriever",
    "Retriever",
    "TextEncoder",
    "build_index",
    "open_retriever",
    "open_text_encoder",
]
