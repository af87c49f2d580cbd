"""The passage index by Ray (extra `ray`): workers encode passages and write fragments, one commit adds them all.

Each worker opens the encoder once. A worker that dies is started again and does its batch again; files that it left
behind belong to no version and go when the table is optimised. Workers and the Ray cluster are trusted as this process
is (Ray and lance-ray hand pickles to each other); the table and the encoder have to lie where every worker sees them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from medrwr.errors import EngineError
from medrwr.records import to_line
from medrwr.retrieval.encoder import TextEncoder
from medrwr.retrieval.rows import passage_rows
from medrwr.retrieval.store import Wanted, Writer, delete_rows
from medrwr.retrieval.table_indexes import TERM_SETTINGS, TERMS, present_indexes
from medrwr.retrieval.vector_index import BITS_A_WORD, ROWS_A_PARTITION
from medrwr.types import Passage

if TYPE_CHECKING:
    import pyarrow as pa

_LEAST_ROWS, _MOST_ROWS = 2048, 65536  # of a fragment: what a worker holds at once
_BATCHES_A_WORKER = 8  # a slow or restarted worker does not keep the others waiting for long
_TRIES = 3
_ONE_BIT = 1


@dataclass(frozen=True, slots=True)
class RayEngine:
    """`workers` of the running Ray cluster; `open_encoder` is called once on each."""

    workers: int
    open_encoder: Callable[[], TextEncoder]

    def writer(self, passages: Sequence[Passage], *, bigrams: bool) -> Writer:
        """As `index.Engine` says."""
        known = {passage.passage_id: passage for passage in passages}

        def write(table: Any, wanted: Wanted, fresh: Sequence[str], present: Mapping[str, str]) -> None:
            delete_rows(table, [identity for identity in fresh if identity in present])
            if fresh:
                schema = wanted.rows_of([]).schema
                make = (self.open_encoder, bigrams, place_of(table), schema)
                lines = [to_line(known[identity]) for identity in fresh]
                before = table.version

                def attempt() -> None:
                    table.checkout_latest()
                    if table.version == before:  # else a try before this one failed after its commit
                        _write(lines, make, workers=self.workers)

                again(attempt, doing="encode and write passages")
                table.checkout_latest()

        return write

    def build_indexes(self, table: Any, *, vectors: bool, retrain: bool) -> bool:
        """Full text and, over whole partitions, vectors; each worker indexes fragments of its own."""
        present, rows = present_indexes(table), table.count_rows()
        if TERMS not in present:
            again(lambda: _index_terms(place_of(table), self.workers), doing="index the terms")
        dim = int(table.schema.field("vector").type.list_size)
        possible = rows >= ROWS_A_PARTITION and dim % BITS_A_WORD == 0
        wanted = vectors and possible and ("vector" not in present or retrain)
        if wanted:
            partitions = max(1, rows // ROWS_A_PARTITION)
            again(lambda: _index_vectors(place_of(table), self.workers, partitions), doing="index the vectors")
        table.checkout_latest()
        return wanted


class _FragmentMaker:
    """On a worker: lines of passages -> one fragment; returns its metadata."""

    def __init__(self, open_encoder: Callable[[], TextEncoder], bigrams: bool, place: str, schema: pa.Schema) -> None:
        from lance_ray import LanceFragmentWriter

        self._encoder, self._bigrams = open_encoder(), bigrams
        self._write = LanceFragmentWriter(place, transform=self._rows, schema=schema, data_storage_version="stable")

    def __call__(self, batch: pa.Table) -> pa.Table:
        return self._write(batch)

    def _rows(self, batch: pa.Table) -> pa.Table:
        passages = [Passage(**json.loads(line)) for line in batch["line"].to_pylist()]
        return passage_rows(passages, self._encoder, bigrams=self._bigrams)


def place_of(table: Any) -> str:
    """Where a table lies, as Lance's own readers name it."""
    return str(table.to_lance().uri)


def rows_a_fragment(rows: int, workers: int) -> int:
    """Several batches a worker, none so small that opening a file counts, none too large for a worker's memory."""
    return min(_MOST_ROWS, max(_LEAST_ROWS, math.ceil(rows / (workers * _BATCHES_A_WORKER))))


def again(work: Callable[[], None], *, doing: str) -> None:
    """Do it once more where workers were lost in it; what failed for good is named.

    Raises:
        EngineError: it failed at every try.
    """
    from ray.exceptions import RayError

    reason = ""
    for _ in range(_TRIES):
        try:
            return work()
        except (RayError, RuntimeError, OSError) as error:
            reason = str(error).strip().splitlines()[-1][:500] if str(error).strip() else repr(error)
    raise EngineError(
        f"Ray could not {doing} in {_TRIES} tries, at last: {reason}; nothing was published: look at `ray status` and "
        "at the workers' memory, or set index.engine to local"
    )


def _write(lines: Sequence[str], make: tuple[Any, ...], *, workers: int) -> None:
    import pyarrow as pa
    import ray.data
    from lance_ray import LanceFragmentCommitter

    size = rows_a_fragment(len(lines), workers)
    blocks = [pa.table({"line": lines[start : start + size]}) for start in range(0, len(lines), size)]
    place, schema = make[2], make[3]
    fragments = ray.data.from_arrow(blocks).map_batches(
        _FragmentMaker,
        fn_constructor_args=make,
        batch_size=None,
        batch_format="pyarrow",
        compute=ray.data.ActorPoolStrategy(size=min(workers, len(blocks))),
        num_cpus=0.5,  # the commit needs a little of a processor too
        zero_copy_batch=True,
    )
    fragments.write_datasink(LanceFragmentCommitter(place, schema=schema, mode="append"))


def _index_terms(place: str, workers: int) -> None:
    import lance_ray

    lance_ray.create_scalar_index(
        place, column=TERMS, index_type="INVERTED", name=TERMS, num_workers=workers, **TERM_SETTINGS
    )


def _index_vectors(place: str, workers: int, partitions: int) -> None:
    """As `vector_index.vector_index` says."""
    import lance_ray

    lance_ray.create_index(
        place,
        column="vector",
        index_type="IVF_RQ",
        name="vector",
        metric="cosine",
        num_partitions=partitions,
        num_bits=_ONE_BIT,
        num_workers=workers,
    )
