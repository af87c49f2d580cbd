"""Benchmarks as they are asked: read whole, one split, at most so many questions, cases told."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from medrwr.datasets.benchmarks.record import Benchmark, Item
from medrwr.datasets.benchmarks.registry import read_benchmark
from medrwr.errors import ConfigError, SampleError
from medrwr.evaluation.runs.clusters import clusters_of
from medrwr.records import to_line
from medrwr.types import Question


@dataclass(frozen=True, slots=True)
class Selection:
    """Which questions: `split` "" for the one that papers report, `limit` 0 for all, else drawn with `draw_seed`."""

    split: str = ""
    limit: int = 0
    draw_seed: int = 0
    only: Literal["", "closed", "open"] = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """The questions of a benchmark that are asked, with their cases; and how many are not, by reason."""

    benchmark: Benchmark
    items: tuple[Item, ...]
    clusters: dict[str, str]
    not_asked: Mapping[str, int]

    @property
    def digest(self) -> str:
        """SHA-256 of the questions that are asked, in order."""
        return hashlib.sha256("".join(to_line(one) + "\n" for one in self.items).encode()).hexdigest()


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
        SampleError: no question is left to ask.
    """
    benchmark = read_benchmark(name, data, unpacked=unpacked, split=selection.split)
    everything: list[Item] = [*benchmark.closed, *benchmark.open]
    kept: list[Item] = []
    not_asked: Counter[str] = Counter()
    for item in everything:
        form = "closed" if isinstance(item, Question) else "open"
        if selection.split and item.split not in ("", selection.split):
            not_asked[f"of another split than {selection.split}"] += 1
        elif selection.only not in ("", form):
            not_asked[f"{form} question"] += 1
        else:
            kept.append(item)
    if not kept:
        reasons = ", ".join(f"{count} {reason}" for reason, count in {**not_asked, **benchmark.reasons}.items())
        raise SampleError(f"benchmark {name!r} in {data} has 0 questions to ask ({reasons}): check --split and --only")
    if selection.limit and len(kept) > selection.limit:
        not_asked["beyond --limit"] += len(kept) - selection.limit
        order = np.random.default_rng(selection.draw_seed).permutation(len(kept))[: selection.limit]
        kept = [kept[place] for place in sorted(order)]
    return Asked(benchmark, tuple(kept), clusters_of(everything), dict(not_asked))
