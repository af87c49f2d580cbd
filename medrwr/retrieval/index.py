"""The passage index: a LanceDB table with vectors, a full-text index, and the passages themselves.

Below `exact_below` rows vectors are scanned exactly, in memory; from there on an approximate index is built, its
search settings are tuned by measured recall, and an index that misses the bar is not published.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from medrwr.config import IndexSettings
from medrwr.errors import ArtefactError
from medrwr.retrieval.encoder import TextEncoder
from medrwr.retrieval.gate import tuned_search
from medrwr.retrieval.manifest import Generation, IndexManifest, rows_digest
from medrwr.retrieval.metrics import known_item_queries
from medrwr.retrieval.rows import content_hash, passage_rows, search_text
from medrwr.retrieval.store import Wanted, Writer, update, write_here
from medrwr.retrieval.table_indexes import build_indexes
from medrwr.types import Passage

if TYPE_CHECKING:
    import pyarrow as pa

STAGE = "index"
KIND = "passages"
_GATE_QUERIES = 100

PassageGate = Callable[[Generation], None]


class Engine(Protocol):
    """Who does the work of an index in the place of this process."""

    def writer(self, passages: Sequence[Passage], *, bigrams: bool) -> Writer:
        """Encodes and writes the rows of given ids."""

    def build_indexes(self, table: Any, *, vectors: bool, retrain: bool) -> bool:
        """Build what is worth it; the others are built here afterwards. Returns whether vectors were among it."""


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
    engine: Engine | None = None,
) -> IndexManifest:
    """Bring the index in `folder` to these passages and publish it; what did not change is neither encoded nor written.

    `engine`: who encodes, writes and indexes; None: this process. The manifest is the same whoever did.
    `gate` is asked before the new generation is published, and raises to refuse it.

    Raises:
        ArtefactError: no passage, or two with one id.
        IndexBusyError: another process is writing the index.
        EngineError: the engine lost its workers; what was published stays.
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
        approximate = manifest.rows >= settings.exact_below
        if engine is not None:
            retrain &= not engine.build_indexes(table, vectors=approximate, retrain=retrain)
        build_indexes(table, vectors=approximate, retrain=retrain)

    wanted = Wanted(contents, rows.of)
    write = engine.writer(passages, bigrams=settings.bigrams) if engine else write_here
    update(folder, manifest_path, manifest, wanted, index=index, gate=check, write=write)
    return manifest


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
    """Makes the rows of given ids here, with progress over all that were asked for."""

    def __init__(self, passages: Sequence[Passage], encoder: TextEncoder, *, bigrams: bool, progress: Any) -> None:
        self._passages = {passage.passage_id: passage for passage in passages}
        self._encoder, self._bigrams, self._progress = encoder, bigrams, progress
        self._done = 0

    def of(self, ids: Sequence[str]) -> pa.Table:
        passages = [self._passages[identity] for identity in ids]
        return passage_rows(passages, self._encoder, bigrams=self._bigrams, encoded=self._encoded)

    def _encoded(self, count: int) -> None:
        self._done += count
        if self._progress is not None:
            self._progress(self._done, len(self._passages), "passages encoded")
