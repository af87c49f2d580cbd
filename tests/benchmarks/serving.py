"""The answering server against its bars, over HTTP on this machine.

    python -m tests.benchmarks.serving --check           16 callers, 20 + 50 swaps, 10,000 damaged requests, a start
    python -m tests.benchmarks.serving --check --small   a little of each: for CI
    python -m tests.benchmarks.serving --only load

The last line is JSON. With --check a missed bar ends with exit code 1. Real DICOM files are damaged where
MEDRWR_TEST_DATA is; the start needs a finished `make pipeline`.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from tests.benchmarks.serving_parts import damage, load, starting, swaps
from tests.benchmarks.serving_parts.figures import FULL, SMALL, Figure, Size, World, build_world

PARTS: dict[str, Callable[[Size, Path, World], list[Figure]]] = {
    "load": load.measure,
    "swaps": swaps.measure,
    "damage": damage.measure,
    "start": starting.measure,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="exit 1 when a bar is missed")
    parser.add_argument("--small", action="store_true", help="for CI")
    parser.add_argument("--only", nargs="+", choices=sorted(PARTS), default=list(PARTS))
    arguments = parser.parse_args()
    logging.disable(logging.ERROR)  # damaged files are meant to be logged, not here
    size = SMALL if arguments.small else FULL
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as place:
        world = build_world(Path(place))
        for name in arguments.only:
            with tempfile.TemporaryDirectory() as folder:
                found = PARTS[name](size, Path(folder), world)
            for figure in found:
                verdict = "" if not figure.bar else "met" if figure.met else "MISSED"
                print(f"{name:7} {figure.name:28} {figure.value:10.3f}   {figure.bar:9} {verdict}", flush=True)
            figures += found
    met = all(figure.met for figure in figures)
    values = {figure.name: round(figure.value, 4) for figure in figures}
    print(json.dumps({"benchmark": "serving", "size": asdict(size), "met": met, **values}))
    return 1 if arguments.check and not met else 0


if __name__ == "__main__":
    sys.exit(main())
