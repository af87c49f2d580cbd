"""The retrieval system against its bars: quality on real sets, speed against FAISS, encoding, updates, the clinic.

    python -m tests.benchmarks.retrieval --check            everything but the million vectors (needs MEDRWR_TEST_DATA)
    python -m tests.benchmarks.retrieval --check --small    seconds: for CI
    python -m tests.benchmarks.retrieval --only speed --sizes 100000 1000000

The last line is JSON. With --check a missed bar ends with exit code 1. `--cache FOLDER` keeps embeddings between runs.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from medrwr.retrieval import CachedTextEncoder, TextEncoder
from medrwr.retrieval.encoder import Matrix
from medrwr.retrieval.rows import search_text
from pipelines.paths import Paths
from tests.benchmarks.retrieval_parts import clinic, encoding, ingestion, quality, speed
from tests.benchmarks.retrieval_parts.data import bioasq, medquad
from tests.retrieval.test_kill import killed_at_random

PARTS = ("clinic", "quality", "encoding", "ingestion", "kills", "speed")
AT_LEAST = {
    "clinic_hybrid_recall_at_3": 0.95,
    "clinic_gain_over_best_part": 0.0,
    "quality_medquad_hybrid_recall@3": 0.97,
    "quality_medquad_hybrid_margin_recall@3": -0.01,
    "quality_paraphrased_hybrid_gain_over_text": 0.0,
    "quality_paraphrased_hybrid_gain_over_vector": 0.0,
    "quality_bioasq_hybrid_gain_over_text": 0.0,
    "quality_bioasq_hybrid_gain_over_vector": 0.0,
    "encoding_bfloat16_speedup": 2.5,
    "encoding_bfloat16_cosine": 0.99,
    "speed_clustered_1000000_single_speedup": 10.0,
    "speed_clustered_1000000_batch_speedup": 15.0,
    "speed_clustered_1000000_lance_recall@3": 0.99,
    "speed_clustered_100000_single_speedup": 1.0,
    "speed_clustered_100000_batch_speedup": 1.0,
    "speed_clustered_100000_lance_recall@3": 0.99,
}
AT_MOST = {
    "clinic_cached_ms": 10.0,
    "clinic_search_ms": 100.0,
    "quality_paraphrased_hybrid_p_against_text": 0.05,
    "quality_paraphrased_hybrid_p_against_vector": 0.05,
    "quality_bioasq_hybrid_p_against_text": 0.05,
    "quality_bioasq_hybrid_p_against_vector": 0.05,
    "encoding_bfloat16_medquad_recall@3_lost": 0.005,
    "encoding_bfloat16_bioasq_recall@3_lost": 0.005,
    "ingestion_one_percent_share": 0.03,
    "ingestion_unchanged_s": 2.0,
    "ingestion_passages_of_a_deleted_document": 0.0,
    "speed_clustered_1000000_memory_share": 0.5,
}
# Of --small: a few dozen questions decide nothing, so that only what must hold at any size is a bar.
SMALL = frozenset({"clinic_hybrid_recall_at_3", "clinic_cached_ms", "quality_medquad_hybrid_recall@3",
                   "encoding_bfloat16_cosine", "ingestion_unchanged_s"})  # fmt: skip


def measure(options: argparse.Namespace, root: Path) -> dict[str, float]:
    """All figures of the parts asked for, named by their part."""
    cache = options.cache or root / "cache"
    encoder = CachedTextEncoder(encoding.exported(cache, "float32"), cache)
    figures: dict[str, float] = {}
    for part in options.only:
        start = time.perf_counter()
        found = _part(part, options, root / part, encoder, cache)
        figures |= {f"{part}_{name}": value for name, value in found.items()}
        print(f"\n{part}: {time.perf_counter() - start:.0f} s", flush=True)
        for name, value in found.items():
            print(f"  {name:44} {value:12g}", flush=True)
    return figures


def _part(part: str, options: argparse.Namespace, root: Path, encoder: TextEncoder, cache: Path) -> dict[str, float]:
    root.mkdir(parents=True, exist_ok=True)
    small: bool = options.small
    documents, questions = (60, 40) if small else (options.documents, options.questions)
    if part == "clinic":
        return clinic.measure(root, small=small)
    if part == "quality":
        return quality.measure(options.data, root, encoder, documents=documents, questions=questions, small=small)
    if part == "ingestion":
        return ingestion.measure(root, options.data, small=small)
    if part == "kills":  # each is checked as it happens; an index that is neither old nor new ends the benchmark
        return dict(killed_at_random(root, kills=1 if small else 20, rows=900 if small else 6000, seed=5))
    real, _ = medquad(options.data, documents=documents, questions=questions, seed=7)
    texts = [search_text(passage) for passage in real.passages]
    if part == "encoding":
        figures = encoding.measure(cache, texts, small=small)
        sets = (real,) if small else (real, bioasq(options.data, questions=questions, seed=7))
        for one in sets:
            figures |= encoding.found_less(one, cache, cache)
        return figures
    return _speed(options, root, encoder.encode(texts))


def _speed(options: argparse.Namespace, root: Path, base: Matrix) -> dict[str, float]:
    figures: dict[str, float] = {}
    for size in [2000] if options.small else options.sizes:
        figures |= speed.measure(root, base, size)
        if size <= 100_000:
            figures |= speed.measure(root, base, size, name="uniform")
    return figures


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="exit 1 when a bar is missed")
    parser.add_argument("--small", action="store_true", help="a few documents and questions")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--sizes", nargs="+", type=int, default=[100_000], help="of the speed comparison")
    parser.add_argument("--documents", type=int, default=None, help="of MedQuAD (all)")
    parser.add_argument("--questions", type=int, default=2000, help="of each real set, at most")
    parser.add_argument("--cache", type=Path, default=None, help="keep embeddings here")
    default = os.environ.get("MEDRWR_TEST_DATA", "../shared/data")
    parser.add_argument("--data", type=Path, default=Path(default), help="real data (MEDRWR_TEST_DATA)")
    options = parser.parse_args()
    if not (Paths(Path()).clinic / "documents").is_dir() and "clinic" in options.only:
        print("no data/clinic here (run stage `clinic`): part clinic is left out")
        options.only.remove("clinic")
    with tempfile.TemporaryDirectory() as folder:
        figures = {name: float(np.round(value, 5)) for name, value in measure(options, Path(folder)).items()}
    missed = []
    for name, value in figures.items():
        if options.small and name not in SMALL:
            continue
        if value < AT_LEAST.get(name, -np.inf) or value > AT_MOST.get(name, np.inf):
            missed.append(name)
            bar = f">= {AT_LEAST[name]:g}" if name in AT_LEAST else f"<= {AT_MOST[name]:g}"
            print(f"MISSED {name}: {value:g}, bar {bar}")
    print(json.dumps({"benchmark": "retrieval", "small": options.small, **figures, "missed": missed}))
    return 1 if options.check and missed else 0


if __name__ == "__main__":
    sys.exit(main())
