"""The approximate index over vectors: partitions by k-means, one bit a dimension in them (RaBitQ, Gao & Long 2024,
SIGMOD, arXiv:2405.12497), and the best of that read again in full (`refine_factor`).

Compare with tests/benchmarks/retrieval.py, part `speed`. The graph of IVF_HNSW_SQ over 100,000 vectors had not ended
after 200 s on two cores, which this builds in seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

ROWS_A_PARTITION = 4096
BITS_A_WORD = 8  # of the codes: dimensions come in eights

# Cheapest first. The last one reads most partitions and thousands of rows: what fails there fails for good.
LADDER: tuple[Mapping[str, int], ...] = (
    {"nprobes": 2, "refine_factor": 4},
    {"nprobes": 2, "refine_factor": 8},
    {"nprobes": 2, "refine_factor": 14},
    {"nprobes": 4, "refine_factor": 14},
    {"nprobes": 8, "refine_factor": 20},
    {"nprobes": 16, "refine_factor": 30},
    {"nprobes": 64, "refine_factor": 60},
    {"nprobes": 256, "refine_factor": 200},
)


def vector_index(dim: int) -> Any:
    """How LanceDB is to index vectors of `dim` numbers; whole ones where they do not come in eights."""
    from lancedb.index import IvfFlat, IvfRq

    if dim % BITS_A_WORD:
        return IvfFlat(distance_type="cosine", target_partition_size=ROWS_A_PARTITION)
    return IvfRq(distance_type="cosine", target_partition_size=ROWS_A_PARTITION)


def build_vector_index(table: Any) -> None:
    """Train it anew on the table's column `vector`."""
    dim = table.schema.field("vector").type.list_size
    table.create_index("vector", config=vector_index(dim), name="vector", replace=True)
