"""The passage index: a LanceDB table with vectors, a full-text index, and the passages themselves.

Below `exact_below` rows vectors are scanned exactly, in memory; from there on an approximate index is built, its
search settings are tuned by measured recall, and an index that misses the bar is not published.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from medrwr.config import IndexSettings
from medrwr.errors import ArtefactError
from medrwr.records import to_line
from medrwr.retrieval.analysis import analyse
from medrwr.retrieval.encoder import Matrix, TextEncoder
from medrwr.retrieval.gate import tuned_search
from medrwr.retrieval.manifest import Generation, IndexManifest, rows_digest
from medrwr.retrieval.metrics import known_item_queries
from medrwr.retrieval.store import Wanted, update
from medrwr.retrieval.vector_index import build_vector_index
from medrwr.types import Passage

if TYPE_CHECKING:
    import pyarrow as pa

STAGE = "index"
KIND = "passages"
_LONGEST_TERM = 200
_ENCODED_AT_ONCE = 256
_GATE_QUERIES = 100
_FILTERED = ("source", "modality", "date")

PassageGate = Callable[[Generation], None]


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
    gate: PassageGate | None = None,
) -> IndexManifest:
    """Bring the index in `folder` to these passages and publish it; what did not change is neither encoded nor written.

    `gate` is asked before the new generation is published, and raises to refuse it.

    Raises:
        ArtefactError: no passage, or two with one id.
        IndexBusyError: another process is writing the index.
        IndexRecallError: the vector index finds too little; the published generation stays.
    """
    contents = {passage.passage_id: content_hash(passage) for passage in passages}
    manifest = _describe(passages, contents, encoder, settings)
    rows = _Rows(passages, encoder, bigrams=settings.bigrams, progress=progress)

    def check(generation: Generation) -> Mapping[str, int]:
        search: Mapping[str, int] = {}
        if manifest.rows >= settings.exact_below:
            search = _tuned(passages, encoder, folder, generation, settings)
        if gate is not None:
            gate(Generation(manifest, generation.table, generation.version, search))
        return search

    def index(table: Any, retrain: bool) -> None:
        _index(table, vectors=manifest.rows >= settings.exact_below, retrain=retrain)

    update(folder, manifest_path, manifest, Wanted(contents, rows.of), index=index, gate=check)
    return manifest


def content_hash(passage: Passage) -> str:
    """Hash of all fields: a changed title changes the row although the id, made of the text, stays."""
    return hashlib.sha256(to_line(passage).encode()).hexdigest()[:16]


def _describe(
    passages: Sequence[Passage], contents: Mapping[str, str], encoder: TextEncoder, settings: IndexSettings
) -> IndexManifest:
    if not passages:
        raise ArtefactError("there is no passage to index: look into data/knowledge_base/*/quarantine.jsonl")
    if len(contents) != len(passages):
        raise ArtefactError(
            f"{len(passages) - len(contents)} of {len(passages)} passages repeat the id of another: "
            "two sources of one name? Rename one in knowledge_base.sources"
        )
    return IndexManifest(
        kind=KIND,
        rows=len(passages),
        digest=rows_digest(contents.items()),
        encoder=encoder.name,
        encoder_digest=encoder.digest,
        settings=shaping_settings(settings),
    )


def _index(table: Any, *, vectors: bool, retrain: bool) -> None:
    """Build the indexes that are missing; `optimize`, which follows, brings the others up to date."""
    from lancedb.index import FTS, Bitmap, BTree

    present = {index.name for index in table.list_indices()}
    if "terms" not in present:
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
    if not vectors:
        return
    if "vector" not in present or retrain:
        build_vector_index(table)
    for column in {*_FILTERED} - present:
        table.create_index(column, config=BTree() if column == "date" else Bitmap(), name=column)


def _tuned(
    passages: Sequence[Passage], encoder: TextEncoder, folder: Path, generation: Generation, settings: IndexSettings
) -> Mapping[str, int]:
    """Asked with sentences of the passages, as a reader would put them."""
    sample = passages[:: max(1, len(passages) // (20 * _GATE_QUERIES))]
    queries = [query for query, _ in known_item_queries(sample, count=_GATE_QUERIES, seed=0)]
    vectors = encoder.encode_queries(queries or [search_text(passage) for passage in sample[:_GATE_QUERIES]])
    return tuned_search(
        folder,
        generation,
        vectors,
        k=settings.top_k,
        limit=max(settings.candidates, settings.top_k),
        minimum=settings.minimum_recall,
    )


class _Rows:
    """Makes the rows of given ids: encodes them, in batches, with progress over all that were asked for."""

    def __init__(self, passages: Sequence[Passage], encoder: TextEncoder, *, bigrams: bool, progress: Any) -> None:
        self._passages = {passage.passage_id: passage for passage in passages}
        self._encoder, self._bigrams, self._progress = encoder, bigrams, progress
        self._done = 0

    def of(self, ids: Sequence[str]) -> pa.Table:
        """Columns: id, content hash, what filters read, the passage as JSON, index terms, vector."""
        import pyarrow as pa

        passages = [self._passages[identity] for identity in ids]
        vectors = pa.array(self._encode(passages).ravel(), type=pa.float32())
        texts = [search_text(passage) for passage in passages]
        columns: dict[str, Any] = {
            "id": [passage.passage_id for passage in passages],
            "sha": [content_hash(passage) for passage in passages],
            "source": [passage.source for passage in passages],
            "modality": [passage.modality for passage in passages],
            "date": [passage.date for passage in passages],
            "passage": [to_line(passage) for passage in passages],
            "terms": [analyse(text, bigrams=self._bigrams) for text in texts],
        }
        strings = {name: pa.array(values, type=pa.string()) for name, values in columns.items()}
        return pa.table(strings | {"vector": pa.FixedSizeListArray.from_arrays(vectors, self._encoder.dim)})

    def _encode(self, passages: Sequence[Passage]) -> Matrix:
        import numpy as np

        parts = [np.zeros((0, self._encoder.dim), np.float32)]
        for start in range(0, len(passages), _ENCODED_AT_ONCE):
            batch = passages[start : start + _ENCODED_AT_ONCE]
            parts.append(self._encoder.encode([search_text(passage) for passage in batch]))
            self._done += len(batch)
            if self._progress is not None:
                self._progress(self._done, len(self._passages), "passages encoded")
        return np.concatenate(parts)
