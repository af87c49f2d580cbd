"""The scale benchmark, part `workers`: two rollout workers on one retriever service, beside the simulation's two.

Each worker is a process with a tiny policy, the retriever a process with a real index behind HTTP. A worker alone gives
the unit costs: seconds of a turn of a batch, seconds of an episode's search. In the simulation every worker has a
processor to itself; here both share this machine with whatever else it does: plain matrix products, by one and by
both, say how much longer a turn takes then. From these the simulation predicts how long two workers take for twice the
episodes; both are then started together. Rounds alternate, medians are taken.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.benchmarks.rollout_runs import REPOSITORY, environment
from tests.benchmarks.rollout_worker import BATCH, SETTINGS, SPIN, TURNS
from tests.benchmarks.scale_ray import build, passages
from tests.benchmarks.scale_simulation import Plant, simulate
from tests.infra.cluster import free_port, process

WORKER = (sys.executable, "-m", "tests.benchmarks.rollout_worker", "--address")
Process = subprocess.Popen[str]
Lines = list[dict[str, float]]


class Round(NamedTuple):
    """What one worker, then both, said of episodes and of matrix products."""

    alone: Lines
    both: Lines
    spun_alone: Lines
    spun_both: Lines


def workers(folder: Path, *, small: bool) -> dict[str, float]:
    """`small`: fewer episodes and rounds."""
    episodes, rounds = (32, 3) if small else (64, 5)
    build(folder, passages(9_000), SETTINGS)
    with service(folder) as address:
        pair = [start(address) for _ in range(2)]
        try:
            for worker in pair:  # the first play of each is not counted
                play([worker], str(episodes))
            rows = [measured(pair[number % 2], pair, str(episodes)) for number in range(rounds)]
        finally:
            for worker in pair:
                worker.kill()
    return figures(rows, episodes)


def measured(one: Process, pair: Sequence[Process], episodes: str) -> Round:
    return Round(play([one], episodes), play(pair, episodes), play([one], SPIN), play(pair, SPIN))


def figures(rows: Sequence[Round], count: int) -> dict[str, float]:
    """Unit costs, the simulation's time for two workers, the real one, and how far they are apart."""
    single, searched = [span(row.alone) for row in rows], [row.alone[0]["searched"] for row in rows]
    turn_s = statistics.median(whole - part for whole, part in zip(single, searched, strict=True))
    turn_s /= count / BATCH * TURNS
    query_s = statistics.median(searched) / count
    slower = statistics.median(span(row.spun_both) / span(row.spun_alone) for row in rows)
    predicted = simulate(Plant(2, 1, 2 * count, BATCH, TURNS, turn_s * slower, query_s, train_s=0.0), steps=1).step_s
    real = [span(row.both) for row in rows]
    median = statistics.median(real)
    return {
        "workers_turn_s": turn_s,
        "workers_query_s": query_s,
        "workers_slower_together": slower,
        "workers_alone_s": statistics.median(single),
        "workers_two_predicted_s": predicted,
        "workers_two_s": median,
        "workers_two_spread": (max(real) - min(real)) / median,
        "workers_relative_error": abs(predicted - median) / median,
    }


def span(lines: Lines) -> float:
    """From the first start to the last end."""
    return max(line["end"] for line in lines) - min(line["start"] for line in lines)


@contextmanager
def service(folder: Path) -> Iterator[str]:
    """The index in `folder` over HTTP."""
    address = f"http://127.0.0.1:{free_port()}"
    command = [*WORKER, address, "--serve", str(folder)]
    with process(folder / "service.log", f"{address}/health", command, environment()):
        yield address


def start(address: str) -> Process:
    """A worker that asks the service."""
    pipe = subprocess.PIPE
    return subprocess.Popen([*WORKER, address], cwd=REPOSITORY, env=environment(), stdin=pipe, stdout=pipe, text=True)


def play(pair: Sequence[Process], what: str) -> Lines:
    """The same for all of them at once; what each says of it."""
    for worker in pair:
        assert worker.stdin is not None
        worker.stdin.write(f"{what}\n")
        worker.stdin.flush()
    lines = []
    for worker in pair:
        assert worker.stdout is not None
        lines.append(json.loads(worker.stdout.readline()))
    return lines
