"""Encoders, indexes and retrievers for passages and image cases (M7-M8, M10, M18, M26)."""

from medrwr.retrieval.case_index import build_case_index
from medrwr.retrieval.case_retriever import CaseRetriever, open_case_retriever
from medrwr.retrieval.embedding_cache import CachedTextEncoder
from medrwr.retrieval.encoder import EncoderCard, ImageTextEncoder, TextEncoder
from medrwr.retrieval.filters import PassageFilter
from medrwr.retrieval.image_encoder import open_image_encoder
from medrwr.retrieval.images import open_image
from medrwr.retrieval.index import build_index
from medrwr.retrieval.manifest import IndexManifest
from medrwr.retrieval.retriever import IndexRetriever, Retriever, open_retriever
from medrwr.retrieval.text_encoder import open_text_encoder

__all__ = [
    "CachedTextEncoder",
    "CaseRetriever",
    "EncoderCard",
    "ImageTextEncoder",
    "IndexManifest",
    "IndexRetriever",
    "PassageFilter",
    "Retriever",
    "TextEncoder",
    "build_case_index",
    "build_index",
    "open_case_retriever",
    "open_image",
    "open_image_encoder",
    "open_retriever",
    "open_text_encoder",
]
