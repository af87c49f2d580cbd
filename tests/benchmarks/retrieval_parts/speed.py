"""Vector search side by side: LanceDB as the index here opens it, and FAISS flat, each in a process of its own.

    python -m tests.benchmarks.retrieval_parts.speed ENGINE FOLDER     (called by the benchmark)

Vectors are passage embeddings plus noise, so that clusters are those of real text; uniform random ones are printed
too. Memory is what is resident after the queries, less what was resident before opening.
"""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medrwr.retrieval.encoder import Matrix, normalise
from medrwr.retrieval.gate import exact_scores, score_recall, tuned_search
from medrwr.retrieval.lance import LanceTable
from medrwr.retrieval.manifest import Generation, IndexManifest
from medrwr.retrieval.memory import MemoryTable
from medrwr.retrieval.vector_index import LADDER, build_vector_index

K, BATCH = 3, 64
QUERIES, BATCHES = 300, 8
MINIMUM = 0.99
_ROWS_A_PART = 50_000
_MOST_IN_MEMORY = 200_000  # up to here the exact scan in memory is measured too: where LanceDB overtakes it
NOISE = 0.35  # of the length of a vector: a noisy copy has cosine .94 with its passage


def vectors_of(base: Matrix, count: int, seed: int) -> Matrix:
    """`count` noisy copies of rows of `base`, unit length."""
    rng = np.random.default_rng(seed)
    rows = base[rng.integers(len(base), size=count)]
    noise = rng.standard_normal(rows.shape, dtype=np.float32) * (NOISE / np.sqrt(rows.shape[1]))
    return normalise(rows + noise)


def uniform(dim: int, count: int, seed: int) -> Matrix:
    return normalise(np.random.default_rng(seed).standard_normal((count, dim), dtype=np.float32))


def measure(root: Path, base: Matrix, size: int, *, name: str = "clustered") -> dict[str, float]:
    """Builds both stores of `size` vectors, then runs both engines in turn; figures of one line each."""
    folder = root / f"{name}-{size}"
    folder.mkdir(parents=True)
    parts = range(0, size, _ROWS_A_PART)
    make: Callable[[int, int], Matrix] = (
        (lambda count, seed: vectors_of(base, count, seed))
        if name == "clustered"
        else (lambda count, seed: uniform(base.shape[1], count, seed))
    )
    np.save(folder / "queries.npy", make(QUERIES + BATCH * BATCHES, 10_000))
    took = _build(folder, size, lambda start: make(min(_ROWS_A_PART, size - start), 1 + start // _ROWS_A_PART), parts)
    figures = {"build_s": took}
    engines = ("faiss", "lance", "memory") if size <= _MOST_IN_MEMORY else ("faiss", "lance")
    for engine in engines:
        command = [sys.executable, "-m", "tests.benchmarks.retrieval_parts.speed", engine, str(folder)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        figures |= {f"{engine}_{key}": value for key, value in json.loads(done.stdout.splitlines()[-1]).items()}
    for kind in ("single", "batch"):
        figures[f"{kind}_speedup"] = figures[f"lance_{kind}_per_s"] / figures[f"faiss_{kind}_per_s"]
    figures["memory_share"] = figures["lance_resident_mb"] / figures["faiss_resident_mb"]
    return {f"{name}_{size}_{key}": value for key, value in figures.items()}


def _build(folder: Path, size: int, part: Callable[[int], Matrix], starts: range) -> float:
    """The vectors as .npy parts for FAISS, and the same in a Lance table with the index that stage `index` builds."""
    import lancedb
    import pyarrow as pa

    dim = part(0).shape[1]
    store = lancedb.connect(str(folder))
    fields = [pa.field("id", pa.string()), pa.field("vector", pa.list_(pa.float32(), dim))]
    table = store.create_table("vectors", schema=pa.schema(fields))
    for start in starts:
        vectors = part(start)
        np.save(folder / f"part{start:09d}.npy", vectors)
        values = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), dim)
        table.add(pa.table({"id": [f"{row:08d}" for row in range(start, start + len(vectors))], "vector": values}))
    began = time.perf_counter()
    build_vector_index(table)
    table.optimize()  # as the stage does: many small fragments become one
    took = time.perf_counter() - began
    manifest = IndexManifest("vectors", size, "", "", "", {})
    generation = Generation(manifest, "vectors", table.version, {})
    queries = np.load(folder / "queries.npy")
    try:
        search: Any = tuned_search(folder, generation, queries[-100:], k=K, limit=K, minimum=MINIMUM + 0.002)
    except Exception as error:  # noqa: BLE001  uniform random vectors: no setting finds them all
        print(f"{folder.name}: {error}")
        search = LADDER[-1]
    truth = exact_scores(folder, generation, queries[:QUERIES], k=K)
    (folder / "search.json").write_text(json.dumps(dict(search)))
    np.save(folder / "truth.npy", truth)
    return took


def _run(engine: str, folder: Path) -> dict[str, float]:
    import psutil

    queries, truth = np.load(folder / "queries.npy"), np.load(folder / "truth.npy")
    process = psutil.Process()
    search = {"faiss": _faiss_module, "lance": _lance_module, "memory": _memory_module}[engine]()
    gc.collect()
    before = process.memory_info().rss
    ask = search(folder)
    for row in range(20):
        ask(queries[row : row + 1])
    taken, scores = [], []
    for row in range(QUERIES):
        start = time.perf_counter()
        scores.append(ask(queries[row : row + 1])[0])
        taken.append(time.perf_counter() - start)
    began = time.perf_counter()
    for start_row in range(QUERIES, len(queries), BATCH):
        ask(queries[start_row : start_row + BATCH])
    batched = BATCH * BATCHES / (time.perf_counter() - began)
    gc.collect()
    return {
        "single_per_s": QUERIES / sum(taken),
        "p50_ms": 1000 * float(np.quantile(taken, 0.5)),
        "p99_ms": 1000 * float(np.quantile(taken, 0.99)),
        "batch_per_s": batched,
        "recall@3": score_recall(scores, truth),
        "resident_mb": (process.memory_info().rss - before) / 2**20,
    }


Ask = Callable[[Matrix], list[list[float]]]


def _faiss_module() -> Callable[[Path], Ask]:
    import faiss

    def search(folder: Path) -> Ask:
        faiss.omp_set_num_threads(2)
        parts = sorted(folder.glob("part*.npy"))
        index = faiss.IndexFlatIP(int(np.load(parts[0], mmap_mode="r").shape[1]))
        for path in parts:
            index.add(np.load(path))

        def ask(vectors: Matrix) -> list[list[float]]:
            found: NDArray[np.float32] = index.search(vectors, K)[0]
            return found.tolist()  # type: ignore[no-any-return]

        return ask

    return search


def _lance_module() -> Callable[[Path], Ask]:
    import lancedb  # noqa: F401  imported before memory is looked at

    def search(folder: Path) -> Ask:
        table = LanceTable(folder, "vectors", search=json.loads((folder / "search.json").read_text()))
        return lambda vectors: [[hit.score for hit in hits] for hits in table.nearest(vectors, limit=K)]

    return search


def _memory_module() -> Callable[[Path], Ask]:
    import lancedb

    def search(folder: Path) -> Ask:
        table = MemoryTable(lancedb.connect(str(folder)).open_table("vectors").to_arrow())
        return lambda vectors: [[hit.score for hit in hits] for hits in table.nearest(vectors, limit=K)]

    return search


if __name__ == "__main__":
    print(json.dumps(_run(sys.argv[1], Path(sys.argv[2]))))
