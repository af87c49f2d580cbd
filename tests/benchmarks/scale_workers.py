"""The scale benchmark, part `workers`: two rollout workers on one retriever service, beside the simulation's two.

Each worker is a process with a tiny policy, the retriever a process with a real index behind HTTP. A worker alone gives
the unit costs: seconds of a turn of a batch, seconds of an episode's search. From them the simulation predicts how
long two workers take for twice the episodes; both are then started together. Rounds alternate, medians are taken.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from medrwr.config import IndexSettings, RolloutSettings
from medrwr.retrieval import open_retriever
from medrwr.retrieval.service import HttpRetriever, serve
from medrwr.types import ScoredPassage
from tests.benchmarks.rollout_runs import REPOSITORY, environment
from tests.benchmarks.scale_ray import build, passages
from tests.benchmarks.scale_simulation import Plant, simulate
from tests.infra.cluster import free_port, process
from tests.retrieval.fakes import WordEncoder

MODULE = ("-m", "tests.benchmarks.scale_workers")
BATCH, TURNS = 16, 2
SETTINGS = IndexSettings(exact_below=1000)


def workers(folder: Path, *, small: bool) -> dict[str, float]:
    """`small`: fewer episodes and rounds."""
    episodes, rounds = (32, 2) if small else (64, 5)
    build(folder, passages(9_000), SETTINGS)
    with service(folder) as address:
        pair = [start(address) for _ in range(2)]
        try:
            for worker in pair:  # the first play of each is not counted
                play([worker], episodes)
            alone, together = [], []
            for number in range(rounds):
                alone.append(play([pair[number % 2]], episodes))
                together.append(play(pair, episodes))
        finally:
            for worker in pair:
                worker.kill()
    return figures(alone, together, episodes)


def figures(
    alone: list[list[dict[str, float]]], together: list[list[dict[str, float]]], count: int
) -> dict[str, float]:
    """Unit costs, the simulation's time for two workers, the real one, and how far they are apart."""
    single = [lines[0]["end"] - lines[0]["start"] for lines in alone]
    searched = [lines[0]["searched"] for lines in alone]
    turn_s = statistics.median(whole - part for whole, part in zip(single, searched, strict=True))
    turn_s /= count / BATCH * TURNS
    query_s = statistics.median(searched) / count
    plant = Plant(2, 1, 2 * count, BATCH, TURNS, turn_s, query_s, train_s=0.0)
    predicted = simulate(plant, steps=1).step_s
    real = [max(line["end"] for line in lines) - min(line["start"] for line in lines) for lines in together]
    measured = statistics.median(real)
    return {
        "workers_turn_s": turn_s,
        "workers_query_s": query_s,
        "workers_alone_s": statistics.median(single),
        "workers_two_predicted_s": predicted,
        "workers_two_s": measured,
        "workers_two_spread": (max(real) - min(real)) / measured,
        "workers_relative_error": abs(predicted - measured) / measured,
    }


@contextmanager
def service(folder: Path) -> Iterator[str]:
    """The index in `folder` over HTTP."""
    address = f"http://127.0.0.1:{free_port()}"
    command = [sys.executable, *MODULE, "--serve", str(folder), "--address", address]
    with process(folder / "service.log", f"{address}/health", command, environment()):
        yield address


def start(address: str) -> subprocess.Popen[str]:
    """A worker; it plays as many episodes as each line of its input says."""
    command = [sys.executable, *MODULE, "--address", address]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=REPOSITORY, env=environment(), stdin=pipe, stdout=pipe, text=True)


def play(pair: Sequence[subprocess.Popen[str]], episodes: int) -> list[dict[str, float]]:
    """All of them at once; what each says of it."""
    for worker in pair:
        assert worker.stdin is not None
        worker.stdin.write(f"{episodes}\n")
        worker.stdin.flush()
    lines = []
    for worker in pair:
        assert worker.stdout is not None
        lines.append(json.loads(worker.stdout.readline()))
    return lines


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
            asked = [RolloutRequest(question(n), root, seed=n) for n in range(int(line))]
            retriever.seconds, begin = 0.0, time.monotonic()
            played = [engine.run(asked[n : n + BATCH]) for n in range(0, len(asked), BATCH)]
            told: dict[str, Any] = {"start": begin, "end": time.monotonic(), "searched": retriever.seconds}
            told["turns"] = sum(len(one.turns) for batch in played for one in batch)
            print(json.dumps(told), flush=True)


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
