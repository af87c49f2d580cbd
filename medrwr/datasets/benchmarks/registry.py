"""Every benchmark by its name (M28)."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from medrwr.datasets.benchmarks import (
    ecbench,
    medxpertqa,
    mirage,
    mmmu,
    omnimed_vqa,
    own,
    path_vqa,
    pmc_vqa,
    slake,
    vqa_rad,
)
from medrwr.datasets.benchmarks.record import Benchmark, Reader, Request
from medrwr.datasets.hub import locate
from medrwr.datasets.medmcqa import PATTERNS as MEDMCQA
from medrwr.datasets.medqa import PATTERNS as MEDQA
from medrwr.errors import ConfigError


@dataclass(frozen=True, slots=True)
class BenchmarkInfo:
    """How it is read. `split`: the one that papers report; `patterns`: its files on the hub."""

    read: Reader
    patterns: Sequence[str]
    split: str = "test"


BENCHMARKS: dict[str, BenchmarkInfo] = {
    "medxpertqa-text": BenchmarkInfo(medxpertqa.read_text, medxpertqa.PATTERNS),
    "medxpertqa-mm": BenchmarkInfo(medxpertqa.read_mm, medxpertqa.PATTERNS),
    "mmmu": BenchmarkInfo(mmmu.read_mmmu, mmmu.PATTERNS, "validation"),
    "mmmu-pro-4": BenchmarkInfo(mmmu.read_pro_4, mmmu.PRO_PATTERNS),
    "mmmu-pro-10": BenchmarkInfo(mmmu.read_pro_10, mmmu.PRO_PATTERNS),
    "vqa-rad": BenchmarkInfo(vqa_rad.read, vqa_rad.PATTERNS),
    "slake-en": BenchmarkInfo(slake.read_en, slake.PATTERNS),
    "slake-zh": BenchmarkInfo(slake.read_zh, slake.PATTERNS),
    "path-vqa": BenchmarkInfo(path_vqa.read, path_vqa.PATTERNS),
    "pmc-vqa": BenchmarkInfo(pmc_vqa.read, pmc_vqa.PATTERNS),
    "omnimedvqa": BenchmarkInfo(omnimed_vqa.read, omnimed_vqa.PATTERNS),
    "ecbench": BenchmarkInfo(ecbench.read, ecbench.PATTERNS),
    "medqa": BenchmarkInfo(mirage.read_medqa, MEDQA),
    "medmcqa": BenchmarkInfo(mirage.read_medmcqa, MEDMCQA, "validation"),
    "mmlu-med": BenchmarkInfo(mirage.read_mmlu, mirage.MMLU_PATTERNS),
    "pubmedqa": BenchmarkInfo(mirage.read_pubmedqa, mirage.JSON_PATTERNS),
    "bioasq": BenchmarkInfo(mirage.read_bioasq, mirage.JSON_PATTERNS),
    "clinic": BenchmarkInfo(own.read, own.PATTERNS),
}


def read_benchmark(name: str, data: str, *, unpacked: Path, split: str = "", root: Path = Path()) -> Benchmark:
    """The benchmark `name` from `data`: a folder or file (relative to `root`), or the hub's name of the data set.

    Args:
        unpacked: where images inside parquet or zip files are written.
        split: "" for the one that papers report.

    Raises:
        ConfigError: no benchmark has that name.
        ArtefactError: the data are not to be had, or hold nothing usable.
    """
    if name not in BENCHMARKS:
        close = difflib.get_close_matches(name, BENCHMARKS, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"known are {', '.join(BENCHMARKS)}"
        raise ConfigError(f"benchmark {name!r} is unknown: {hint}")
    info = BENCHMARKS[name]
    place = locate(data, root=root, patterns=info.patterns)
    return info.read(Request(place, split or info.split, unpacked))
