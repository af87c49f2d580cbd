"""The indexes of the passage table: full text over index terms, vectors, and the columns that filters read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from medrwr.retrieval.vector_index import build_vector_index

TERMS = "terms"
_FILTERED = ("source", "modality", "date")

# Index terms are made by `analysis.analyse`: LanceDB is to take them as they are.
TERM_SETTINGS: Mapping[str, Any] = {
    "base_tokenizer": "whitespace",
    "lower_case": False,
    "stem": False,
    "remove_stop_words": False,
    "ascii_folding": False,
    "with_position": False,
    "max_token_length": 200,
}


def present_indexes(table: Any) -> set[str]:
    """Names of the indexes that a table has."""
    return {index.name for index in table.list_indices()}


def build_indexes(table: Any, *, vectors: bool, retrain: bool) -> None:
    """Build the indexes that are missing; `optimize`, which follows, brings the others up to date."""
    from lancedb.index import FTS, Bitmap, BTree

    present = present_indexes(table)
    if TERMS not in present:
        table.create_index(TERMS, config=FTS(**TERM_SETTINGS), name=TERMS)
    if not vectors:
        return
    if "vector" not in present or retrain:
        build_vector_index(table)
    for column in {*_FILTERED} - present:
        table.create_index(column, config=BTree() if column == "date" else Bitmap(), name=column)
