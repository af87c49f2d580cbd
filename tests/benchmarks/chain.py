"""How long the chain takes, how much memory it needs, and that nothing runs, or phones home, a second time.

    python -m tests.benchmarks.chain --check            this workspace, after `make pipeline`
    python -m tests.benchmarks.chain --check --small    a tiny workspace of its own, in minutes: for CI
    python -m tests.benchmarks.chain --check --full     a fresh clone with an empty home, end to end

The last line is JSON. With --check a missed bar ends with exit code 1.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
UP_TO_DATE = "Data and pipelines are up to date."
NO_ROUTE = ("unshare", "--user", "--map-root-user", "--net")
LOADING = "from dagster_project.definitions import defs; defs.resolve_asset_graph()"


@dataclass(frozen=True)
class Figure:
    """One measured figure and its bar: at most `bar`, or, where `exact`, equal to it."""

    name: str
    value: float
    bar: float
    unit: str = "s"
    exact: bool = False

    @property
    def met(self) -> bool:
        return self.value == self.bar if self.exact else self.value <= self.bar


@dataclass(frozen=True)
class Finished:
    """A command that ended: exit code, seconds, output."""

    code: int
    seconds: float
    output: str


def run(command: list[str], root: Path, **variables: str) -> Finished:
    """A command in the workspace `root`, our interpreter first; stdin is empty."""
    here = str(Path(sys.executable).parent)
    env = {**os.environ, "PATH": here + os.pathsep + os.environ["PATH"], **variables}
    start = time.monotonic()
    done = subprocess.run(
        command, cwd=root, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    return Finished(done.returncode, time.monotonic() - start, done.stdout + done.stderr)


def python(*arguments: str) -> list[str]:
    return [sys.executable, *arguments]


def median_seconds(command: list[str], root: Path, times: int) -> float:
    """The median over `times` runs, after one that warms the file cache; infinite when the command fails."""
    runs = [run(command, root) for _ in range(times + 1)][1:]
    failed = next((one for one in runs if one.code), None)
    if failed is not None:
        print(failed.output, file=sys.stderr)
        return float("inf")
    return statistics.median(one.seconds for one in runs)


def measure(root: Path) -> list[Figure]:
    """Everything that can be said about a workspace whose chain has run."""
    return [*again(root), *offline(root), *loading(root), *stages(root)]


def again(root: Path) -> list[Figure]:
    """A second `dvc repro`: how many stages it ran, how long it took; and what `dvc status` says."""
    first = run(python("-m", "dvc", "repro"), root)
    seconds = median_seconds(python("-m", "dvc", "repro"), root, times=2)
    status = run(python("-m", "dvc", "status"), root)
    if first.code:
        print(first.output, file=sys.stderr)
    return [
        Figure("stages_run_again", first.output.count("Running stage") + 100 * bool(first.code), 0, "", exact=True),
        Figure("noop_repro", seconds, 5.0),
        Figure("status_clean", float(UP_TO_DATE in status.output), 1, "", exact=True),
    ]


def offline(root: Path) -> list[Figure]:
    """Without any route: nothing to do is found, one stage runs, and the champion answers."""
    if run([*NO_ROUTE, "true"], root).code:
        print("no network namespace can be made here: the offline figures are left out", file=sys.stderr)
        return []
    kept = (root / "dvc.lock").read_bytes()
    commands = {
        "offline_repro": python("-m", "dvc", "repro"),
        "offline_stage": python("-m", "pipelines", "knowledge_base", "--source", first_source(root)),
        "offline_answer": ask_command(root),
    }
    figures = []
    for name, command in commands.items():
        done = run([*NO_ROUTE, *command], root)
        if done.code:
            print(f"{name}: {done.output}", file=sys.stderr)
        figures.append(Figure(name, float(done.code), 0, "", exact=True))
    unchanged = (root / "dvc.lock").read_bytes() == kept and UP_TO_DATE in run(
        python("-m", "dvc", "status"), root
    ).output
    return [*figures, Figure("offline_leaves_status_clean", float(unchanged), 1, "", exact=True)]


def ask_command(root: Path) -> list[str]:
    """The first image question of the test split, for the champion."""
    rows = (root / "data/clinic/questions/test.jsonl").read_text(encoding="utf-8").splitlines()
    question = next(row for row in map(json.loads, rows) if row["images"])
    options = [part for option in question["options"] for part in ("--option", option)]
    image = str(root / "data/clinic" / question["images"][0])
    return ["medrwr", "ask", "--image", image, "--question", question["text"], *options]


def first_source(root: Path) -> str:
    from pipelines.params import load_params

    return next(iter(load_params(root).knowledge_base.sources))


def loading(root: Path) -> list[Figure]:
    """What people wait for every day: Dagster's definitions and the command line."""
    return [
        Figure("dagster_definitions", median_seconds(python("-c", LOADING), root, times=3), 3.0),
        Figure("medrwr_help", median_seconds(["medrwr", "--help"], root, times=5), 0.5),
    ]


def stages(root: Path) -> list[Figure]:
    """The last run of each stage, as it measured itself; prints them side by side."""
    files = sorted((root / "work/timings").glob("*.json"), key=lambda file: file.stat().st_mtime)
    timings = {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in files if file.stem != "base_model"}
    for name, timing in timings.items():
        print(f"  {name:24} {timing['seconds']:8.1f} s {timing['peak_mb']:8.0f} MiB  {timing['headline']}")
    return [
        Figure("stages_total", sum(float(timing["seconds"]) for timing in timings.values()), 25 * 60),
        Figure("peak_memory", max((float(timing["peak_mb"]) for timing in timings.values()), default=0.0), 8192, "MiB"),
    ]


def small() -> list[Figure]:
    """A tiny workspace from this repository's files, run once by `dvc repro`, then measured."""
    from tests.chain.workspace import make_tiny_workspace

    with tempfile.TemporaryDirectory(prefix="medrwr-chain-") as name:
        space = make_tiny_workspace(Path(name) / "workspace")
        done = run(python("-m", "dvc", "repro"), space.root)
        if done.code:
            print(done.output[-3000:], file=sys.stderr)
        return [Figure("pipeline_exit_code", done.code, 0, "", exact=True), *measure(space.root)]


def full(keep: Path | None) -> list[Figure]:
    """A clone of the last commit, an empty home: `make pipeline`, and once more without any route."""
    if keep is not None:
        keep.mkdir(parents=True)
        return full_in(keep)
    with tempfile.TemporaryDirectory(prefix="medrwr-full-") as name:
        return full_in(Path(name))


def full_in(folder: Path) -> list[Figure]:
    clone, home = folder / "clone", folder / "home"
    home.mkdir()
    subprocess.run(["git", "clone", "--quiet", str(REPOSITORY), str(clone)], check=True)
    path = os.pathsep.join(part for part in os.environ["PATH"].split(os.pathsep) if ".venv" not in part)
    first = make_pipeline(clone, clean(home, path))
    if first.code:
        return [Figure("pipeline_exit_code", first.code, 0, "", exact=True)]
    again = make_pipeline(clone, clean(home, path), *NO_ROUTE)
    print(f"second `make pipeline`, without a route: {again.seconds:.1f} s", file=sys.stderr)
    return [
        Figure("pipeline_exit_code", first.code, 0, "", exact=True),
        Figure("make_pipeline", first.seconds, 40 * 60),
        *stages(clone),
        Figure("offline_make_pipeline", again.code, 0, "", exact=True),
    ]


def make_pipeline(clone: Path, env: dict[str, str], *prefix: str) -> Finished:
    """`make pipeline` in a clone, its output passed through."""
    start = time.monotonic()
    done = subprocess.run([*prefix, "make", "pipeline"], cwd=clone, stdin=subprocess.DEVNULL, check=False, env=env)
    return Finished(done.returncode, time.monotonic() - start, "")


def clean(home: Path, path: str) -> dict[str, str]:
    """The environment of somebody who just got the machine; what pip was told to use stays."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name.startswith(("PIP_", "SSL_")) or "proxy" in name.lower()
    }
    return {**kept, "HOME": str(home), "PATH": path, "LANG": "C.UTF-8"}


def report(figures: list[Figure]) -> bool:
    """Print the figures side by side, then one line of JSON; whether every bar is met."""
    for figure in figures:
        sign = "=" if figure.exact else "<="
        verdict = "ok" if figure.met else "MISSED"
        print(f"  {figure.name:28} {figure.value:10.2f} {figure.unit:4} {sign:>2} {figure.bar:g}  {verdict}")
    met = all(figure.met for figure in figures)
    print(json.dumps({"benchmark": "chain", "met": met, **{one.name: round(one.value, 3) for one in figures}}))
    return met


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="exit 1 when a bar is missed")
    parser.add_argument("--workspace", type=Path, default=REPOSITORY, help="a workspace whose chain has run")
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--small", action="store_true", help="a tiny workspace of its own")
    kind.add_argument("--full", action="store_true", help="a fresh clone, end to end")
    parser.add_argument("--keep", type=Path, help="with --full: a new folder for clone and home, kept afterwards")
    options = parser.parse_args()
    if options.small:
        figures = small()
    elif options.full:
        figures = full(options.keep)
    else:
        figures = measure(options.workspace.resolve())
    met = report(figures)
    return 1 if options.check and not met else 0


if __name__ == "__main__":
    sys.exit(main())
