"""What an update costs against the whole, and what a reader sees when a writer is killed."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from pathlib import Path

from medrwr.config import IndexSettings
from medrwr.retrieval import TextEncoder, build_index
from medrwr.types import Passage
from tests.retrieval.test_kill import killed_at_random


def measure(root: Path, passages: Sequence[Passage], encoder: TextEncoder, *, small: bool) -> dict[str, float]:
    """Seconds of the whole, of nothing changed, of 1% of the documents changed, and of one document removed."""
    folder, settings = root / "updates", IndexSettings(exact_below=10**9)
    manifest_path = folder / "manifest.json"
    digests = []

    def build(rows: Sequence[Passage]) -> float:
        start = time.perf_counter()
        digests.append(build_index(rows, encoder, folder / "index", manifest_path, settings).digest)
        return time.perf_counter() - start

    whole, nothing = build(passages), build(passages)
    documents = sorted({passage.document_id for passage in passages})
    touched = set(documents[::100])
    changed = [_edited(passage) if passage.document_id in touched else passage for passage in passages]
    one_percent = build(changed)
    without = [passage for passage in changed if passage.document_id != documents[0]]
    removed = build(without)
    assert len(set(digests)) == 3
    assert len(_ids(folder, manifest_path)) == len(without)
    kills = killed_at_random(root / "kills", kills=1 if small else 20, rows=900 if small else 6000, seed=5)
    return {
        "passages": len(passages),
        "whole_s": whole,
        "unchanged_s": nothing,
        "one_percent_s": one_percent,
        "one_percent_share": one_percent / whole,
        "removal_s": removed,
        **{f"kills_{name}": count for name, count in kills.items()},
    }


def _edited(passage: Passage) -> Passage:
    """Another text, so another id: as a changed document comes out of the knowledge base."""
    return dataclasses.replace(passage, passage_id=f"{passage.passage_id}e", text=f"{passage.text} Revised.")


def _ids(folder: Path, manifest_path: Path) -> set[str]:
    from medrwr.retrieval.manifest import read_generations
    from medrwr.retrieval.memory import open_table

    generation = read_generations(folder / "index", stage="index")[0]
    table = open_table(folder / "index", generation, text="terms")
    return set(table.take(list(range(generation.manifest.rows)), ["id"])["id"].to_pylist())
