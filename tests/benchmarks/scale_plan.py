"""The arithmetic of infra/SCALING.md: unit costs that were measured, multiplied.

python -m tests.benchmarks.scale_plan                            the tables of the page, which a test compares
python -m tests.benchmarks.scale_plan --set gpu_hour_usd=1.9     with another assumption of the last table
"""

from __future__ import annotations

import argparse
import functools
import json
import math
import sys
from pathlib import Path

from tests.benchmarks.scale_costs import Assumptions, Units, assumed, costs
from tests.benchmarks.scale_simulation import Plant, simulate

RESULTS = Path(__file__).with_name("results")
_RETRIEVAL = json.loads((RESULTS / "retrieval.json").read_text())
_LARGE = json.loads((RESULTS / "rollout-h100.json").read_text())["large"]

DIM, MILLION, GIB, TIB = 384, 10**6, 2**30, 2**40
ENCODED_PER_S = _RETRIEVAL["encoding_float32_per_s"]
BUILD_S_A_MILLION = _RETRIEVAL["speed_clustered_1000000_build_s"]
RESIDENT_GIB_A_MILLION = _RETRIEVAL["speed_clustered_1000000_lance_resident_mb"] / 1024
QUERIES_PER_S = _RETRIEVAL["speed_clustered_1000000_lance_batch_per_s"]
EPISODES_PER_S = _LARGE["large_episodes_a_second_batch_64"]
STEP_EPISODES = 64
ROLLOUT_S = STEP_EPISODES / EPISODES_PER_S
TRAIN_S = _LARGE["large_grpo_step_s"] - ROLLOUT_S
TURNS = 3  # two queries and the answer: rollouts of this benchmark take about so many
SHA_CHARACTERS = ID_CHARACTERS = 16


def units() -> str:
    rows = [
        ("passages encoded a second, MiniLM in float32, 2 cores", f"{ENCODED_PER_S:.1f}", "retrieval.json"),
        ("seconds to build the vector index of a million, 2 cores", f"{BUILD_S_A_MILLION:.1f}", "retrieval.json"),
        ("queries a second over a million vectors, batches of 64, 2 cores", f"{QUERIES_PER_S:.0f}", "retrieval.json"),
        ("GiB resident while a million is searched", f"{RESIDENT_GIB_A_MILLION:.2f}", "retrieval.json"),
        ("episodes a second, 4.07 billion parameters, batch 64, 1 H100", f"{EPISODES_PER_S:.1f}", "rollout-h100.json"),
        ("seconds to train on 64 episodes, the same", f"{TRAIN_S:.1f}", "rollout-h100.json"),
    ]
    return table(("unit", "measured", "from"), rows)


def passages() -> str:
    rows = []
    for count, name in ((MILLION, "1 M"), (100 * MILLION, "100 M"), (10_000 * MILLION, "10 B")):
        vectors, codes = count * DIM * 4, count * DIM / 8
        hours = count / ENCODED_PER_S / 3600
        listed = 2 * count * sys.getsizeof("x" * ID_CHARACTERS)
        rows.append(
            (
                name,
                amount(vectors),
                amount(codes),
                f"{hours:,.0f}",
                f"{math.ceil(hours / 24):,}",
                f"{count / MILLION * BUILD_S_A_MILLION / 3600:,.2f}",
                amount(listed),
                f"{count / MILLION * RESIDENT_GIB_A_MILLION:,.1f} GiB",
            )
        )
    head = (
        "passages",
        "vectors",
        "1-bit codes",
        "2-core hours to encode",
        "workers to encode in a day",
        "2-core hours to index",
        "ids and hashes in the driver",
        "resident to search, by proportion",
    )
    return table(head, rows)


def gpus() -> str:
    rows = []
    for count, workers, replicas in ((1, 1, 1), (8, 1, 1), (256, 10, 1), (256, 10, 2)):
        trainers = max(1, count - workers)
        for ahead in (False, True)[: 1 if count == 1 else 2]:
            episodes = STEP_EPISODES * trainers
            plant = Plant(
                workers, replicas, episodes, STEP_EPISODES, TURNS, ROLLOUT_S / TURNS, 1 / QUERIES_PER_S, TRAIN_S, ahead
            )
            found = simulate(plant)
            rows.append(
                (
                    str(count),
                    "shared" if count == 1 else f"{workers} + {trainers}",
                    "next step meanwhile" if ahead else "in turn",
                    f"{episodes:,}",
                    str(replicas),
                    f"{found.step_s:.1f}",
                    f"{found.episodes_per_s:,.1f}",
                    f"{found.workers_busy:.0%}",
                    f"{found.replicas_busy:.0%}",
                )
            )
    head = ("GPUs", "rollouts + training", "rollouts", "episodes a step", "retrievers", "s a step")
    return table((*head, "episodes a second", "rollout GPUs busy", "retrievers busy"), rows)


def requests() -> str:
    rows = []
    for rate in (1, 10, 100, 1000, 10_000):
        queries = rate * (TURNS - 1)
        rows.append(
            (
                f"{rate:,}",
                f"{math.ceil(rate / EPISODES_PER_S):,}",
                f"{math.ceil(queries / QUERIES_PER_S):,}",
                f"{math.ceil(queries / ENCODED_PER_S):,}",
            )
        )
    head = (
        "requests a second",
        "H100s that answer",
        "2-core retriever replicas",
        "2-core query encoders, nothing cached",
    )
    return table(head, rows)


def paper(given: Assumptions) -> str:
    measured = Units(
        ENCODED_PER_S,
        BUILD_S_A_MILLION,
        _LARGE["large_sampled_tokens_a_second_batch_64"],
        TRAIN_S / STEP_EPISODES,
        _LARGE["large_token_limit_batch_64"],
        _LARGE["large_parameters"] / 1e9,
    )
    head = ("what", "how much", "H100 hours", "2-core hours", "USD")
    return table(head, costs(measured, given)) + "\n\n" + table(("assumption", "value"), assumed(given))


def amount(size: float) -> str:
    return f"{size / TIB:,.1f} TiB" if size >= TIB else f"{size / GIB:,.2f} GiB"


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


TABLES = {
    "units": units,
    "passages": passages,
    "gpus": gpus,
    "requests": requests,
    "paper": functools.partial(paper, Assumptions()),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--set", nargs="+", default=[], metavar="NAME=VALUE", help="assumptions of the table `paper`")
    given = Assumptions().changed(parser.parse_args().set)
    for name, make in (TABLES | {"paper": functools.partial(paper, given)}).items():
        print(f"{name}\n\n{make()}\n")


if __name__ == "__main__":
    main()
