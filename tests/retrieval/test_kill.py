"""Kill -9 while an index is written: readers see the old or the new generation, a rerun ends as if nothing had been."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

from medrwr.retrieval.index import shaping_settings
from medrwr.retrieval.manifest import check_manifest
from medrwr.retrieval.memory import open_table
from tests.retrieval.fakes import WordEncoder
from tests.retrieval.interrupted import SETTINGS, ingest

ROWS = 1500


def start(folder: Path, generation: int, rows: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.retrieval.interrupted", str(folder), str(generation), str(rows)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def seen(folder: Path) -> str:
    """The digest that a reader gets, once it has read every row of what it was told to read."""
    encoder = WordEncoder()
    generation = check_manifest(
        folder / "index",
        folder / "manifest.json",
        stage="index",
        encoder=(encoder.name, encoder.digest),
        settings=shaping_settings(SETTINGS),
    )
    table = open_table(folder / "index", generation, text="terms")
    rows = table.take(list(range(generation.manifest.rows)), ["id"])
    assert len(set(rows["id"].to_pylist())) == generation.manifest.rows
    assert len(table.nearest(encoder.encode(["A ring 7"]), limit=5)[0]) == 5
    return generation.manifest.digest


def killed_at_random(folder: Path, *, kills: int, rows: int, seed: int) -> dict[str, int]:
    """`kills` runs killed, each checked and then run again; how many ended old, new or unhurt.

    The first is killed as it begins, the others at random instants of the time that a whole one takes.
    """
    rng, counts = random.Random(seed), {"old": 0, "new": 0, "finished": 0}
    before = ingest(folder, 0, rows).digest
    whole = 0.0
    for number in range(1, kills + 1):
        clean = folder / f"clean{number}"
        after = ingest(clean, number, rows).digest
        process = start(folder, number, rows)
        time.sleep(rng.uniform(0, whole))
        process.kill()
        counts["finished"] += "done" in process.communicate()[0]
        found = seen(folder)
        assert found in {before, after}
        counts["old" if found == before else "new"] += 1
        began = time.perf_counter()
        assert ingest(folder, number, rows).digest == after == seen(folder)
        whole = time.perf_counter() - began
        before = after
    return counts


def test_killed_ingestions_leave_old_or_new_and_end_alike(tmp_path: Path) -> None:
    counts = killed_at_random(tmp_path, kills=5, rows=ROWS, seed=3)
    assert counts["old"] >= 1
