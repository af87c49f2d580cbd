"""A rollout worker or a retriever service as a process of its own: what the scale benchmark starts and talks to.

    python -m tests.benchmarks.rollout_worker --address URL [--serve FOLDER]

A worker reads lines: a number of episodes, or `spin`; to each it answers with one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from medrwr.config import IndexSettings, RolloutSettings
from medrwr.retrieval import open_retriever
from medrwr.retrieval.service import HttpRetriever, serve
from medrwr.types import ScoredPassage
from tests.retrieval.fakes import WordEncoder

BATCH, TURNS = 16, 2
SPIN = "spin"
SETTINGS = IndexSettings(exact_below=1000)


class Timed:
    """A retriever that adds up how long its callers wait."""

    def __init__(self, inner: HttpRetriever) -> None:
        self.inner, self.seconds = inner, 0.0

    def search_batch(self, queries: Sequence[str], *, k: int | None = None) -> list[tuple[ScoredPassage, ...]]:
        begin = time.monotonic()
        try:
            return self.inner.search_batch(queries, k=k)
        finally:
            self.seconds += time.monotonic() - begin


def work(address: str) -> None:
    """Play what standard input asks for, a batch after the other."""
    from medrwr.rollout.engine import RolloutEngine, RolloutRequest
    from tests.rollout.world import build_policy, draw_images, question

    with tempfile.TemporaryDirectory() as name:
        root = draw_images(Path(name))
        retriever = Timed(HttpRetriever(address, timeout_s=120))
        settings = RolloutSettings(max_turns=TURNS - 1, batch_size=BATCH, max_turn_tokens=48, retriever_timeout_s=120)
        engine = RolloutEngine(build_policy(root), retriever, settings)
        for line in sys.stdin:
            if line.strip() == SPIN:
                print(json.dumps(spin()), flush=True)
                continue
            asked = [RolloutRequest(question(n), root, seed=n) for n in range(int(line))]
            retriever.seconds, begin = 0.0, time.monotonic()
            played = [engine.run(asked[n : n + BATCH]) for n in range(0, len(asked), BATCH)]
            told = {"start": begin, "end": time.monotonic(), "searched": retriever.seconds}
            told["turns"] = sum(len(one.turns) for batch in played for one in batch)
            print(json.dumps(told), flush=True)


def spin() -> dict[str, float]:
    """Matrix products, which wait for nobody."""
    import torch

    matrix, begin = torch.ones(256, 256), time.monotonic()
    for _ in range(3000):
        torch.mm(matrix, matrix)
    return {"start": begin, "end": time.monotonic()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--address", required=True)
    parser.add_argument("--serve", type=Path, help="an index that `build` has made")
    options = parser.parse_args()
    if options.serve is None:
        work(options.address)
        return
    folder = options.serve
    opened = open_retriever(folder / "index", folder / "manifest.json", folder, SETTINGS, encoder=WordEncoder())
    serve(opened, port=int(options.address.rpartition(":")[2]))


if __name__ == "__main__":
    main()
