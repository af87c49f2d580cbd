"""Documents become passages: one reader per format, sentence-aware chunking, a dictionary of clinical terms (M7)."""

from medrwr.knowledge_base.build import KnowledgeBase, build_knowledge_base
from medrwr.knowledge_base.chunking import chunk_document
from medrwr.knowledge_base.readers import READERS, read_document, read_documents
from medrwr.knowledge_base.terms import Term, collect_terms

__all__ = [
    "READERS",
    "KnowledgeBase",
    "Term",
    "build_knowledge_base",
    "chunk_document",
    "collect_terms",
    "read_document",
    "read_documents",
]
