"""The scale benchmark, part `ray`: one set of passages indexed by this process and by two Ray workers.

The encoder is a bag of hashed words, so that the engine is measured and not a model. Passages are distinct, so that
recall means something. One of the workers is killed while it encodes.
"""

from __future__ import annotations

import functools
import os
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from medrwr.config import IndexSettings
from medrwr.retrieval.gate import exact_scores, score_recall
from medrwr.retrieval.index import build_index
from medrwr.retrieval.lance import LanceTable
from medrwr.retrieval.manifest import IndexManifest, read_generations
from medrwr.retrieval.ray_engine import RayEngine
from medrwr.retrieval.vector_index import LADDER
from medrwr.types import Passage
from pipelines.ray_cluster import ray_cluster
from tests.retrieval.fakes import WordEncoder
from tests.retrieval.mortal import MortalEncoder

WORKERS, K = 2, 3
_SYLLABLES = ("ka", "mo", "tar", "ven", "sil", "pro", "dex", "lum", "ri", "zo", "bel", "gan", "hu", "nix", "fa", "qui")


def name(number: int) -> str:
    """A word of its own for each number."""
    word = ""
    while True:
        word += _SYLLABLES[number % 16]
        number //= 16
        if not number:
            return word


def passages(count: int) -> list[Passage]:
    return [
        Passage(
            f"p{n:08d}",
            f"A {name(n)} ring on {name(n * 7 + 3)} points to {name(n * 31 + 11)}, which is treated first with "
            f"{name(n * 131 + 5)} and watched for {name(n % 997)}.",
            f"d{n // 4}",
            title=name(n // 4 + 50_000),
        )
        for n in range(count)
    ]


def ray(folder: Path, *, small: bool) -> dict[str, float]:
    count = 9_000 if small else 200_000
    kept = passages(count)
    settings = IndexSettings(exact_below=1000)
    local, local_s = timed(functools.partial(build, folder / "local", kept, settings))
    start = time.monotonic()
    with ray_cluster(WORKERS, setting="index.engine") as workers:
        started_s = time.monotonic() - start
        by_ray, ray_s = timed(functools.partial(build, folder / "ray", kept, settings, RayEngine(workers, WordEncoder)))
        mark = folder / "killed"
        mortal = RayEngine(workers, functools.partial(MortalEncoder, mark))
        survived, survived_s = timed(functools.partial(build, folder / "survived", kept, settings, mortal))
    print(f"  local {local_s:.1f} s, Ray {ray_s:.1f} s, a worker killed {survived_s:.1f} s", file=sys.stderr)
    places = ("local", "ray", "survived")
    common = most_thorough(folder / place for place in places)
    recalls = {place: recall(folder / place, common) for place in places}
    tuned = {place: recall(folder / place, tuned_to(folder / place)) for place in places}
    print(f"  recall at {dict(common)} {recalls}, each at its own settings {tuned}", file=sys.stderr)
    return {
        "ray_passages": count,
        "ray_same_digest": float(by_ray == local),
        "ray_recall_local": recalls["local"],
        "ray_recall": recalls["ray"],
        "ray_recall_difference": abs(recalls["ray"] - recalls["local"]),
        "ray_worker_killed": float(mark.is_file() and int(mark.read_text()) != os.getpid()),
        "ray_same_digest_after_kill": float(survived == local),
        "ray_recall_difference_after_kill": abs(recalls["survived"] - recalls["local"]),
        "ray_local_s": local_s,
        "ray_ray_s": ray_s,
        "ray_killed_s": survived_s,
        "ray_cluster_start_s": started_s,
        "ray_times_local": ray_s / local_s,
    }


def build(folder: Path, kept: list[Passage], settings: IndexSettings, engine: RayEngine | None = None) -> IndexManifest:
    return build_index(kept, WordEncoder(), folder / "index", folder / "manifest.json", settings, engine=engine)


def timed(work: functools.partial[IndexManifest]) -> tuple[IndexManifest, float]:
    start = time.monotonic()
    result = work()
    return result, time.monotonic() - start


def tuned_to(folder: Path) -> Mapping[str, int]:
    """The settings that the recall gate chose: the cheapest that reach its bar, so that equal indexes may differ."""
    return read_generations(folder / "index", stage="index")[0].search


def most_thorough(folders: Iterable[Path]) -> Mapping[str, int]:
    """Of the settings that the gate chose for these indexes, those at which all reach its bar."""
    return max((tuned_to(folder) for folder in folders), key=LADDER.index)


def recall(folder: Path, search: Mapping[str, int]) -> float:
    """Recall@3 of the published vector index at `search`, over 1,000 queries that no passage is."""
    generation = read_generations(folder / "index", stage="index")[0]
    queries = WordEncoder().encode([f"{name(n)} ring on {name(n * 7 + 3)}" for n in range(5, 1000 * 37, 37)])
    truth = exact_scores(folder / "index", generation, queries, k=K)
    table = LanceTable(folder / "index", generation.table, version=generation.version, search=search)
    found = table.nearest(queries, limit=30)
    return score_recall([[hit.score for hit in hits[:K]] for hits in found], truth)
