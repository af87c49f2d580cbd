"""Benchmarks as they are asked: read whole, one split, at most so many questions, cases told."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from medrwr.datasets.benchmarks.record import Benchmark, Item
from medrwr.datasets.benchmarks.registry import read_benchmark
from medrwr.errors import ConfigError, SampleError
from medrwr.evaluation.runs.clusters import clusters_of
from medrwr.records import to_line
from medrwr.types import Question


@dataclass(frozen=True, slots=True)
class Selection:
    """Which questions: `split` "" for the one that papers report, `limit` 0 for all, else drawn with `seed`."""

    split: str = ""
    limit: int = 0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Asked:
    """The closed questions of a benchmark that are asked, with their cases; and how many are not, by reason."""

    benchmark: Benchmark
    closed: tuple[Question, ...]
    clusters: dict[str, str]
    not_asked: Mapping[str, int]

    @property
    def digest(self) -> str:
        """SHA-256 of the questions that are asked, in order."""
        return hashlib.sha256("".join(to_line(one) + "\n" for one in self.closed).encode()).hexdigest()


def places_of(names: Sequence[str], data: Sequence[str]) -> list[tuple[str, str]]:
    """Each benchmark with its data: one place each, or one folder for all, with a folder of a benchmark's name in it.

    Raises:
        ConfigError: another number of places, or a benchmark twice.
    """
    if not names or not all(names):
        raise ConfigError("--benchmark names none: give one, or several with commas between them")
    if repeated := [name for name, count in Counter(names).items() if count > 1]:
        raise ConfigError(f"--benchmark names {', '.join(repeated)} twice: name each once")
    if len(data) == len(names):
        return list(zip(names, data, strict=True))
    if len(data) != 1:
        raise ConfigError(
            f"{len(data)} times --data for {len(names)} benchmarks: give one each in order, or one folder"
        )
    own = Path(data[0])
    return [(name, str(own / name) if (own / name).exists() else data[0]) for name in names]


def read_asked(name: str, data: str, selection: Selection, *, unpacked: Path) -> Asked:
    """Read a benchmark and choose its questions.

    Raises:
        ConfigError: no benchmark has that name.
        ArtefactError: the data are not to be had, or hold nothing usable.
        SampleError: no closed question is left to ask.
    """
    benchmark = read_benchmark(name, data, unpacked=unpacked, split=selection.split)
    kept: list[Question] = []
    not_asked: Counter[str] = Counter()
    for question in benchmark.closed:
        if selection.split and question.split not in ("", selection.split):
            not_asked[f"of another split than {selection.split}"] += 1
        else:
            kept.append(question)
    if benchmark.open:
        not_asked["open question"] += len(benchmark.open)
    if not kept:
        reasons = ", ".join(f"{count} {reason}" for reason, count in {**not_asked, **benchmark.reasons}.items())
        raise SampleError(f"benchmark {name!r} in {data} has 0 closed questions to ask ({reasons}): check --split")
    if selection.limit and len(kept) > selection.limit:
        not_asked["beyond --limit"] += len(kept) - selection.limit
        order = np.random.default_rng(selection.seed).permutation(len(kept))[: selection.limit]
        kept = [kept[place] for place in sorted(order)]
    everything: list[Item] = [*benchmark.closed, *benchmark.open]
    return Asked(benchmark, tuple(kept), clusters_of(everything), dict(not_asked))
