"""Operations against their bars, on throw-away workspaces with real DVC, Dagster and MLflow.

    python -m tests.benchmarks.operations --check           200 stages, ten killed moves, no-op runs, a second clone
    python -m tests.benchmarks.operations --check --small   20 stages, three killed moves: for CI

The last line is JSON. With --check a missed bar ends with exit code 1. What needs a daemon, a server or a browser is
measured by tests/dagster_project/test_daemon.py and test_cancel.py.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import dagster as dg

from dagster_project.automation import JOB
from dagster_project.graph import read_graph
from dagster_project.project import build_definitions
from tests.dagster_project.conftest import Workspace, make_workspace
from tests.pipelines.test_moves import MOVE_WRITES, add_versions, going_back, in_a_process, promotion, state

REPOSITORY = Path(__file__).resolve().parents[2]
LOAD_S, NOTHING_S = 5.0, 30.0


@dataclass(frozen=True)
class Size:
    """How much is measured."""

    stages: int
    moves: int


@dataclass(frozen=True)
class Figure:
    """One measurement and its bar."""

    name: str
    value: float
    bar: str
    met: bool


FULL, SMALL = Size(stages=200, moves=10), Size(stages=20, moves=3)


def load(size: Size, folder: Path) -> list[Figure]:
    """Seconds from dvc.yaml to a resolved job."""
    space = chain(size.stages, folder / "load")
    start = time.monotonic()
    definitions = build_definitions(space.root)
    definitions.resolve_job_def(JOB)
    seconds = time.monotonic() - start
    count = len(definitions.resolve_asset_graph().get_all_asset_keys())
    return [
        Figure("stages_loaded", count, f"= {size.stages}", count == size.stages),
        Figure("load_s", seconds, f"< {LOAD_S:g}", seconds < LOAD_S),
    ]


def nothing_to_do(_size: Size, folder: Path) -> list[Figure]:
    """`dvc repro` then Dagster, and Dagster then `dvc repro`: the second runs nothing; and how long it takes.

    The chain has as many stages as this repository's graph.
    """
    count = len(read_graph(REPOSITORY))
    space = chain(count, folder / "nothing")
    space.dvc("repro", "-q")
    lock = (space.root / "dvc.lock").read_bytes()
    start = time.monotonic()
    ran = run_job(space)
    seconds = time.monotonic() - start
    other = chain(3, folder / "other")
    first = run_job(other)
    said = other.dvc("repro")
    after = 0 if "up to date" in said else 1
    same = (space.root / "dvc.lock").read_bytes() == lock
    return [
        Figure("ran_after_dvc", ran, "= 0", ran == 0 and same),
        Figure("ran_after_dagster", after, "= 0", after == 0 and first == 3),
        Figure("no_op_run_s", seconds, f"< {NOTHING_S:g}", seconds < NOTHING_S),
    ]


def killed_moves(size: Size, folder: Path) -> list[Figure]:
    """Promotions and rollbacks in random order, each killed at a random write and repeated."""
    from mlflow.tracking import MlflowClient

    folder = folder / "moves"
    folder.mkdir()
    MlflowClient(f"sqlite:///{folder}/mlflow.db").search_experiments()
    draw = random.Random(11)
    in_a_process(folder, add_versions(folder, 4, "12"))
    gaps, wrong = 0, 0
    for _ in range(size.moves):
        act = going_back(folder) if draw.random() < 0.5 else promotion(folder, str(draw.randint(1, 4)))
        in_a_process(folder, act, dies_before=draw.randrange(MOVE_WRITES))
        _, _, champion, previous, moves = in_a_process(folder, state(folder, act))
        gaps += [start for start, _ in moves] != ["", *(end for _, end in moves)][:-1]
        wrong += moves[-1] != [previous, champion]
    return [
        Figure("gaps_in_history", gaps, "= 0", gaps == 0),
        Figure("alias_apart_from_history", wrong, "= 0", wrong == 0),
    ]


def second_clone(_size: Size, folder: Path) -> list[Figure]:
    """Stages that run in a clone after `dvc pull`."""
    space = chain(3, folder / "first")
    space.dvc("remote", "add", "-q", "--default", "store", str(folder / "remote"))
    space.dvc("repro", "-q")
    space.dvc("push", "-q")
    space.run("git", "add", "--all")
    space.run("git", "-c", "user.name=b", "-c", "user.email=b@localhost", "commit", "-q", "-m", "a run")
    space.run("git", "clone", "-q", str(space.root), str(folder / "clone"))
    clone = Workspace(folder / "clone")
    clone.dvc("pull", "-q")
    ran = clone.dvc("repro").count("Running stage")
    return [Figure("ran_in_second_clone", ran, "= 0", ran == 0)]


PARTS: dict[str, Callable[[Size, Path], list[Figure]]] = {
    "moves": killed_moves,  # first: it forks, and no thread of another part may be alive then
    "load": load,
    "nothing": nothing_to_do,
    "clone": second_clone,
}


def chain(stages: int, root: Path) -> Workspace:
    """A workspace whose stages depend on each other in a row."""
    lines = [
        f"  s{n}: {{cmd: echo {n} > data/{n}, deps: [{f'data/{n - 1}' if n else 'stage.py'}], outs: [data/{n}]}}\n"
        for n in range(stages)
    ]
    root.parent.mkdir(parents=True, exist_ok=True)
    space = make_workspace(root, dvc_yaml="stages:\n" + "".join(lines))
    (root / "data").mkdir()
    return space


def run_job(space: Workspace) -> int:
    """How many stages really ran."""
    result = (
        build_definitions(space.root).resolve_job_def(JOB).execute_in_process(instance=dg.DagsterInstance.ephemeral())
    )
    made = [event.materialization for event in result.get_asset_materialization_events()]
    return sum(not item.metadata["skipped"].value for item in made)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="exit 1 when a bar is missed")
    parser.add_argument("--small", action="store_true", help="for CI")
    arguments = parser.parse_args()
    size = SMALL if arguments.small else FULL
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as folder:
        for measure in PARTS.values():
            figures += measure(size, Path(folder))
    for figure in figures:
        print(f"{figure.name:28} {figure.value:10.2f}   bar {figure.bar:8} {'met' if figure.met else 'MISSED'}")
    met = all(figure.met for figure in figures)
    print(
        json.dumps(
            {"benchmark": "operations", "size": asdict(size), "met": met, "figures": [asdict(f) for f in figures]}
        )
    )
    return 1 if arguments.check and not met else 0


if __name__ == "__main__":
    sys.exit(main())
