"""The passage retriever (M7-M8): batched, hybrid, cached; a thin layer over the LanceDB table.

Every distinct query is encoded and searched once, and answers are kept: a group of rollouts asks much the same
thing, again and again.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from pydantic import TypeAdapter

from medrwr.config import IndexSettings
from medrwr.retrieval.analysis import analyse
from medrwr.retrieval.encoder import TextEncoder
from medrwr.retrieval.filters import PassageFilter
from medrwr.retrieval.fusion import blend, fuse
from medrwr.retrieval.index import STAGE, shaping_settings
from medrwr.retrieval.lance import Hit, Table
from medrwr.retrieval.manifest import IndexManifest, check_manifest
from medrwr.retrieval.memory import open_table
from medrwr.retrieval.text_encoder import open_text_encoder
from medrwr.types import Passage, ScoredPassage

Answer = tuple[ScoredPassage, ...]
_Key = tuple[str, int, PassageFilter | None]
_CACHED_ANSWERS = 50_000
_PASSAGE = TypeAdapter(Passage)


class Retriever(Protocol):
    """What answers queries with passages."""

    def search_batch(self, queries: Sequence[str], *, k: int | None = None) -> list[Answer]:
        """The `k` (default: index.top_k) best passages of each query, best first; none for a blank query."""


class IndexRetriever:
    """A `Retriever` over one published index. Safe to call from several threads."""

    def __init__(self, table: Table, manifest: IndexManifest, encoder: TextEncoder, settings: IndexSettings) -> None:
        """Use `open_retriever`, which checks that these fit together."""
        self.manifest = manifest
        self.settings = settings
        self._table = table
        self._encoder = encoder
        self._answers: OrderedDict[_Key, Answer] = OrderedDict()
        self._passages: dict[str, Passage] = {}
        self._lock = threading.Lock()

    def search_batch(
        self, queries: Sequence[str], *, k: int | None = None, where: PassageFilter | None = None
    ) -> list[Answer]:
        """As the protocol says; `where` leaves all passages out that do not pass it, before anything is ranked.

        Raises:
            RetrievalError: the store failed.
        """
        limit = k or self.settings.top_k
        cleaned = [" ".join(query.split()) for query in queries]
        with self._lock:
            known = {query: self._recall((query, limit, where)) for query in dict.fromkeys(cleaned)}
        fresh = [query for query, answer in known.items() if answer is None]
        found = dict(zip(fresh, self._search(fresh, limit, where), strict=True)) if fresh else {}
        with self._lock:
            self._answers.update({(query, limit, where): answer for query, answer in found.items()})
            while len(self._answers) > _CACHED_ANSWERS:
                self._answers.popitem(last=False)
        return [found[query] if query in found else known[query] or () for query in cleaned]

    def variant(self, settings: IndexSettings) -> IndexRetriever:
        """The same open index, asked another way (mode, depth, fusion); what shaped the index stays."""
        return IndexRetriever(self._table, self.manifest, self._encoder, settings)

    def rankings(
        self, queries: Sequence[str], *, limit: int, where: PassageFilter | None = None
    ) -> list[list[list[Hit]]]:
        """For each list of the mode (text, vector): the best ids of each query, before fusion."""
        lists: list[list[list[Hit]]] = []
        if self.settings.mode in {"hybrid", "text"}:
            terms = [analyse(query, bigrams=self.settings.bigrams) for query in queries]
            lists.append(self._table.matching(terms, column="terms", limit=limit, where=where))
        if self.settings.mode in {"hybrid", "vector"}:
            lists.append(self._table.nearest(self._encoder.encode_queries(queries), limit=limit, where=where))
        return lists

    def _search(self, queries: Sequence[str], limit: int, where: PassageFilter | None) -> list[Answer]:
        depth = max(limit, self.settings.candidates)
        lists = self.rankings(queries, limit=depth, where=where)
        chosen: list[list[tuple[str, float]]] = []
        rows: dict[str, int] = {}
        for hits in zip(*lists, strict=True):
            rows.update({hit.identity: hit.row for ranking in hits for hit in ranking})
            chosen.append(self.fused(hits, depth=depth, limit=limit))
        self._load({identity: rows[identity] for best in chosen for identity, _ in best})
        return [tuple(ScoredPassage(self._passages[identity], score) for identity, score in best) for best in chosen]

    def fused(self, lists: Sequence[Sequence[Hit]], *, depth: int, limit: int) -> list[tuple[str, float]]:
        """(id, score) of one query's best, from its lists as `rankings` gives them."""
        share = self.settings.text_weight
        weights = [share, 1 - share] if len(lists) > 1 else [1.0]
        if self.settings.fusion == "score":
            return blend(lists, weights, depth=depth, limit=limit)
        return fuse(
            [[hit.identity for hit in ranking] for ranking in lists], weights, k=self.settings.rrf_k, limit=limit
        )

    def _load(self, rows: dict[str, int]) -> None:
        """Read the passages that were not read before."""
        wanted = [row for identity, row in rows.items() if identity not in self._passages]
        if wanted:
            found = self._table.take(wanted, ["id", "passage"])
            lines = zip(found["id"].to_pylist(), found["passage"].to_pylist(), strict=True)
            self._passages.update({identity: _PASSAGE.validate_json(line) for identity, line in lines})

    def _recall(self, key: _Key) -> Answer | None:
        """The answer as it was given before; None where it was not. A blank query has no passages."""
        if not key[0]:
            return ()
        if key in self._answers:
            self._answers.move_to_end(key)
        return self._answers.get(key)


def open_retriever(
    folder: Path,
    manifest: Path,
    encoders: Path,
    settings: IndexSettings,
    *,
    threads: int = 0,
    encoder: TextEncoder | None = None,
) -> IndexRetriever:
    """Open the index in `folder` with the text encoder in `encoders`/text, or with `encoder` where it is open already.

    Raises:
        ArtefactError: index, manifest or encoder is missing.
        IndexMismatchError: the index was built with another encoder or other settings.
    """
    encoder = encoder or open_text_encoder(encoders / "text", threads=threads)
    generation = check_manifest(
        folder,
        manifest,
        stage=STAGE,
        encoder=(encoder.name, encoder.digest),
        settings=shaping_settings(settings),
    )
    return IndexRetriever(open_table(folder, generation, text="terms"), generation.manifest, encoder, settings)
