"""Run as a process to be killed: `python -m tests.retrieval.interrupted FOLDER GENERATION` ingests and says so.

Generation g has passages whose ids differ from those of g - 1 in a third, so that an update adds, changes and removes.
"""

from __future__ import annotations

import sys
from pathlib import Path

from medrwr.config import IndexSettings
from medrwr.retrieval.index import build_index
from medrwr.retrieval.manifest import IndexManifest
from medrwr.types import Passage
from tests.retrieval.fakes import WordEncoder

SETTINGS = IndexSettings(exact_below=10**9)
ROWS = 9000


def passages(generation: int, rows: int = ROWS) -> list[Passage]:
    first = generation * rows // 3
    return [
        Passage(f"p{n:08d}", f"A ring {n} of kind {n % 7}.", f"d{n % 500}", title=f"In {generation}" if n % 10 else "")
        for n in range(first, first + rows)
    ]


def ingest(folder: Path, generation: int, rows: int = ROWS) -> IndexManifest:
    kept = passages(generation, rows)
    return build_index(kept, WordEncoder(), folder / "index", folder / "manifest.json", SETTINGS)


if __name__ == "__main__":
    import lancedb  # noqa: F401  imported before the clock starts

    where, number, size = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    ingest(where, number, size)
    sys.stdout.write("done\n")
