"""The passage index: a LanceDB table with vectors, a full-text index, and the passages themselves.

Below `exact_below` rows vectors are scanned exactly; from there on an IVF_HNSW_SQ index is built.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from medrwr.config import IndexSettings
from medrwr.errors import ArtefactError
from medrwr.records import to_line
from medrwr.retrieval.analysis import analyse
from medrwr.retrieval.encoder import Matrix, TextEncoder
from medrwr.retrieval.manifest import INSIDE, IndexManifest, in_place, rows_digest, write_manifest
from medrwr.retrieval.publish import fresh_folder
from medrwr.types import Passage

if TYPE_CHECKING:
    import pyarrow as pa

TABLE = "passages"
STAGE = "index"
_LONGEST_TERM = 200
_ENCODED_AT_ONCE = 256


def search_text(passage: Passage) -> str:
    """What is searched of a passage: its document's title and context, its heading, its text."""
    parts = (passage.title, passage.context, passage.section, passage.text)
    return ". ".join(part.strip().rstrip(".") for part in parts if part.strip())


def shaping_settings(settings: IndexSettings) -> dict[str, Any]:
    """The settings that an index is built by; the others act at search time."""
    return {"bigrams": settings.bigrams, "exact_below": settings.exact_below}


def build_index(
    passages: Sequence[Passage],
    encoder: TextEncoder,
    folder: Path,
    manifest_path: Path,
    settings: IndexSettings,
    progress: Any = None,
) -> IndexManifest:
    """Build and publish; when the index in place was made of the same rows, encoder and settings, it stays.

    Raises:
        ArtefactError: no passage, or two with one id.
    """
    manifest = _describe(passages, encoder, settings)
    if not in_place(folder, manifest):
        with fresh_folder(folder) as new:
            _write_table(new, passages, _encode(passages, encoder, progress), settings)
            write_manifest(new / INSIDE, manifest)
    write_manifest(manifest_path, manifest)
    return manifest


def content_hash(passage: Passage) -> str:
    """Hash of all fields: a changed title changes the row although the id, made of the text, stays."""
    return hashlib.sha256(to_line(passage).encode()).hexdigest()[:16]


def _describe(passages: Sequence[Passage], encoder: TextEncoder, settings: IndexSettings) -> IndexManifest:
    if not passages:
        raise ArtefactError("there is no passage to index: look into data/knowledge_base/*/quarantine.jsonl")
    ids = {passage.passage_id for passage in passages}
    if len(ids) != len(passages):
        raise ArtefactError(
            f"{len(passages) - len(ids)} of {len(passages)} passages repeat the id of another: "
            "two sources of one name? Rename one in knowledge_base.sources"
        )
    return IndexManifest(
        kind="passages",
        rows=len(passages),
        digest=rows_digest((passage.passage_id, content_hash(passage)) for passage in passages),
        encoder=encoder.name,
        encoder_digest=encoder.digest,
        settings=shaping_settings(settings),
    )


def _encode(passages: Sequence[Passage], encoder: TextEncoder, progress: Any) -> Iterator[Matrix]:
    """Vectors of consecutive slices of `passages`."""
    for start in range(0, len(passages), _ENCODED_AT_ONCE):
        batch = passages[start : start + _ENCODED_AT_ONCE]
        yield encoder.encode([search_text(passage) for passage in batch])
        if progress is not None:
            progress(start + len(batch), len(passages), "passages encoded")


def _write_table(folder: Path, passages: Sequence[Passage], vectors: Iterable[Matrix], settings: IndexSettings) -> None:
    import lancedb
    import numpy as np
    from lancedb.index import FTS, HnswSq

    rows = _rows(passages, np.concatenate(list(vectors)), bigrams=settings.bigrams)
    table = lancedb.connect(str(folder)).create_table(TABLE, rows)
    terms = FTS(
        base_tokenizer="whitespace",
        lower_case=False,
        stem=False,
        remove_stop_words=False,
        ascii_folding=False,
        with_position=False,
        max_token_length=_LONGEST_TERM,
    )
    table.create_index("terms", config=terms, name="terms")
    if len(passages) >= settings.exact_below:
        table.create_index("vector", config=HnswSq(distance_type="cosine"), name="vector")
    table.wait_for_index([index.name for index in table.list_indices()])


def _rows(passages: Sequence[Passage], vectors: Matrix, *, bigrams: bool) -> pa.Table:
    """Columns: id, the passage as JSON, index terms, vector. Sorted by id, so that equal scores come in one order."""
    import pyarrow as pa

    order = sorted(range(len(passages)), key=lambda row: passages[row].passage_id)
    dim = vectors.shape[1]
    values = pa.array(vectors[order].ravel(), type=pa.float32())
    return pa.table(
        {
            "id": [passages[row].passage_id for row in order],
            "passage": [to_line(passages[row]) for row in order],
            "terms": [analyse(search_text(passages[row]), bigrams=bigrams) for row in order],
            "vector": pa.FixedSizeListArray.from_arrays(values, dim),
        }
    )
