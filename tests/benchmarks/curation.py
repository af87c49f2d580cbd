"""Curation against its bars: planted faults, planted benchmark items, clustering, a recorded provider.

    python -m tests.benchmarks.curation --check            a few minutes (needs MEDRWR_TEST_DATA)
    python -m tests.benchmarks.curation --check --small    seconds: for CI
    python -m tests.benchmarks.curation --only faults      one part: faults, blind, leaks, clusters, recorded

The last line is JSON. With --check a missed bar ends with exit code 1.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks.curation_parts.blind import BLIND, blind
from tests.benchmarks.curation_parts.clusters import clusters
from tests.benchmarks.curation_parts.faults import MUTATORS, faults
from tests.benchmarks.curation_parts.leaks import KINDS, leaks
from tests.benchmarks.curation_parts.recorded import recorded

PARTS: dict[str, Callable[..., dict[str, float]]] = {
    "faults": faults,
    "blind": blind,
    "leaks": leaks,
    "clusters": clusters,
    "recorded": recorded,
}
CERTAIN = ("verbatim", "reencoded")
AT_LEAST = {
    **{f"faults_{kind}_caught": 0.9 for kind in MUTATORS},
    **{f"blind_{kind}_caught": 0.9 for kind in BLIND},
    "recorded_radiographs": 71,
    "recorded_radiographs_same_bytes": 1,
    "recorded_explanations_same_bytes": 1,
    **{f"leaks_{kind}": 1.0 if kind in CERTAIN else 0.9 for kind in KINDS},
}
AT_MOST = {
    "faults_good_rejected": 0.02,
    "clusters_s": 180.0,
    "clusters_peak_gib": 4.0,
    "recorded_radiographs_second_calls": 0,
    "recorded_explanations_second_calls": 0,
}


def missed(figures: dict[str, float]) -> list[str]:
    """Names of the figures that miss their bar."""
    return [
        name
        for name, value in figures.items()
        if value < AT_LEAST.get(name, float("-inf")) or value > AT_MOST.get(name, float("inf"))
    ]


def bar_of(figure: str) -> str:
    """What it has to reach, for people; '' without a bar."""
    bounds = ((">=", AT_LEAST), ("<=", AT_MOST))
    return "".join(f"   bar {sign} {bar[figure]:g}" for sign, bar in bounds if figure in bar)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="exit 1 when a bar is missed")
    parser.add_argument("--small", action="store_true", help="fewer items")
    parser.add_argument("--only", choices=PARTS, help="one part")
    options = parser.parse_args()
    data = Path(os.environ.get("MEDRWR_TEST_DATA", Path(__file__).resolve().parents[3] / "shared/data"))
    figures: dict[str, float] = {}
    for name in [options.only] if options.only else PARTS:
        with tempfile.TemporaryDirectory() as folder:
            found = PARTS[name](Path(folder), data, small=options.small)
        figures |= found
        print(f"\n{name}")
        for figure, value in found.items():
            print(f"  {figure:<36}{value:>12.5g}{bar_of(figure)}", flush=True)
    wrong = missed(figures)
    print(json.dumps({"benchmark": "curation", "met": not wrong, "missed": wrong, **figures}))
    return 1 if wrong and options.check else 0


if __name__ == "__main__":
    sys.exit(main())
