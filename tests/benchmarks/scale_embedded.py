"""The scale benchmark, part `embedded`: the embedded default has nothing of the extras, and does not wait for them.

The tiny pipeline (params/small.yaml) twice at the same time, a thread each, so that both wait for the same machine: as
it is, where every process says at its end which packages of the extras `services` and `ray` it has loaded (boto3 does
not count: accelerate loads it where it finds it); and with those packages hidden from every process, as where they are
not installed. Two such rounds; with `small` one, up to the index.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.chain.workspace import Workspace, make_tiny_workspace

EXTRAS = (
    *("psycopg2", "boto3", "botocore", "aiobotocore", "s3fs", "dvc_s3", "dagster_postgres", "flask_wtf"),
    *("ray", "lance_ray", "lance"),
)
HIDDEN = f"""
import sys

class Without:
    def __init__(self, finder):
        self.finder = finder

    def __getattr__(self, name):
        return getattr(self.finder, name)

    def find_spec(self, name, path=None, target=None):
        return None if name.partition(".")[0] in {EXTRAS} else self.finder.find_spec(name, path, target)

sys.meta_path[:] = [Without(finder) for finder in sys.meta_path]
"""
BY_ACCELERATE = ("boto3", "botocore")  # which imports them wherever it finds them
WATCHED = f"""
import atexit, pathlib, sys

def tell():
    for name in sorted((set({EXTRAS}) - set({BY_ACCELERATE})) & set(sys.modules)):
        with pathlib.Path(__file__).with_name("loaded").open("a") as stream:
            stream.write(name + " in " + " ".join(sys.argv[:3]) + "\\n")

atexit.register(tell)
"""
CODE = {"watched": WATCHED, "hidden": HIDDEN}


def embedded(folder: Path, *, small: bool) -> dict[str, float]:
    rounds = 1 if small else 2
    seconds: dict[str, list[float]] = {name: [] for name in CODE}
    loaded: list[str] = []
    for number in range(rounds):
        places = {name: folder / f"{name}-{number}" for name in CODE}
        spaces = {name: make_tiny_workspace(place / "workspace") for name, place in places.items()}
        with ThreadPoolExecutor() as pool:
            chains = {
                name: pool.submit(chain, spaces[name], places[name], code, ["index"] if small else [])
                for name, code in CODE.items()
            }
        for name, place in places.items():
            seconds[name].append(chains[name].result())
            print(f"  {name} {number}: {seconds[name][-1]:.1f} s", file=sys.stderr, flush=True)
            loaded += (place / "loaded").read_text().splitlines() if (place / "loaded").exists() else []
    for line in sorted(set(loaded)):
        print(f"  loaded: {line}", file=sys.stderr)
    with_extras, without = (statistics.median(seconds[name]) for name in CODE)
    ratio = {} if small else {"embedded_times_without": with_extras / without}  # so short a run is mostly imports
    return {
        "embedded_extras_loaded": len(loaded),
        "embedded_s": with_extras,
        "embedded_without_extras_s": without,
        **ratio,
    }


def chain(space: Workspace, place: Path, code: str, targets: Sequence[str]) -> float:
    """Seconds of `dvc repro` on a clean workspace, every process of which runs `code` first."""
    (place / "sitecustomize.py").write_text(code)
    begin = time.monotonic()
    space.run(sys.executable, "-m", "dvc", "repro", "--quiet", *targets, PYTHONPATH=str(place), OMP_NUM_THREADS="1")
    return time.monotonic() - begin
