"""The rows of the passage index: what is searched of a passage, its content hash, and the columns it gets."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from medrwr.records import to_line
from medrwr.retrieval.analysis import analyse
from medrwr.retrieval.encoder import Matrix, TextEncoder
from medrwr.types import Passage

if TYPE_CHECKING:
    import pyarrow as pa

_ENCODED_AT_ONCE = 256
Encoded = Callable[[int], None]  # told how many passages were encoded just now


def search_text(passage: Passage) -> str:
    """What is searched of a passage: its document's title and context, its heading, its text."""
    parts = (passage.title, passage.context, passage.section, passage.text)
    return ". ".join(part.strip().rstrip(".") for part in parts if part.strip())


def content_hash(passage: Passage) -> str:
    """Hash of all fields: a changed title changes the row although the id, made of the text, stays."""
    return hashlib.sha256(to_line(passage).encode()).hexdigest()[:16]


def passage_rows(
    passages: Sequence[Passage], encoder: TextEncoder, *, bigrams: bool, encoded: Encoded | None = None
) -> pa.Table:
    """Columns: id, content hash, what filters read, the passage as JSON, index terms, vector."""
    import pyarrow as pa

    vectors = pa.array(_encode(passages, encoder, encoded).ravel(), type=pa.float32())
    texts = [search_text(passage) for passage in passages]
    columns: dict[str, Any] = {
        "id": [passage.passage_id for passage in passages],
        "sha": [content_hash(passage) for passage in passages],
        "source": [passage.source for passage in passages],
        "modality": [passage.modality for passage in passages],
        "date": [passage.date for passage in passages],
        "passage": [to_line(passage) for passage in passages],
        "terms": [analyse(text, bigrams=bigrams) for text in texts],
    }
    strings = {name: pa.array(values, type=pa.string()) for name, values in columns.items()}
    return pa.table(strings | {"vector": pa.FixedSizeListArray.from_arrays(vectors, encoder.dim)})


def _encode(passages: Sequence[Passage], encoder: TextEncoder, encoded: Encoded | None) -> Matrix:
    import numpy as np

    parts = [np.zeros((0, encoder.dim), np.float32)]
    for start in range(0, len(passages), _ENCODED_AT_ONCE):
        batch = passages[start : start + _ENCODED_AT_ONCE]
        parts.append(encoder.encode([search_text(passage) for passage in batch]))
        if encoded is not None:
            encoded(len(batch))
    return np.concatenate(parts)
