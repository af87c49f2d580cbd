"""What each stage teaches, over several seeds: every seed is a world, a policy and a ladder of its own.

    python -m tests.benchmarks.learning --check                 three seeds, each a run of the default pipeline
    python -m tests.benchmarks.learning --check --small         one seed of a tiny clinic, no bar but that it runs
    python -m tests.benchmarks.learning --seeds 7 --check       fewer (or other) seeds

Workspaces are kept in --folder (work/learning) and are taken up again where they stopped: `dvc repro` runs what is
missing. Verdicts are pooled, clustered by seed and fact. The last line is JSON; with --check a missed bar ends with 1.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.benchmarks.learning_bars import Pool, bars, read_verdicts
from tests.benchmarks.learning_page import write_page
from tests.chain.workspace import AUTHOR, TINY, Workspace, copy_repository, environment, set_parameters

Changes = dict[str, dict[str, Any]]
FULL: Changes = {"evaluate": {"questions_per_cell": 400, "ladder_questions_per_cell": 400}}
SEEDS = (7, 8, 9)


def workspace_of(folder: Path, seed: int, changes: Changes) -> Workspace:
    """The repository's files with the seed's parameters; what earlier runs made in it stays."""
    root = folder / f"seed-{seed}"
    fresh, lock = not (root / ".git").exists(), root / "dvc.lock"
    done = lock.read_bytes() if lock.exists() else None
    copy_repository(root)
    if done is not None:
        lock.write_bytes(done)
    set_parameters(root / "params.yaml", {**changes, "base": {"seed": seed}})
    space = Workspace(root)
    if fresh:
        space.run("git", "init", "-q")
    space.run("git", "add", "--all")
    space.attempt("git", *AUTHOR, "commit", "-q", "-m", f"seed {seed}")
    return space


def learn(space: Workspace) -> float:
    """`dvc repro evaluate`, output passed through; returns the seconds of all stages as they measured themselves."""
    command = [sys.executable, "-m", "dvc", "repro", "evaluate"]
    process = subprocess.run(command, cwd=space.root, check=False, env=environment(), stdin=subprocess.DEVNULL)
    if process.returncode:
        raise SystemExit(f"seed workspace {space.root.name}: dvc repro ended with {process.returncode}")
    timings = [json.loads(file.read_text(encoding="utf-8")) for file in (space.root / "work/timings").glob("*.json")]
    return sum(float(timing["seconds"]) for timing in timings)


def measure(folder: Path, seeds: list[int], changes: Changes, *, judge: bool) -> bool:
    """Run, pool, print; whether every bar is met."""
    pool, seconds = Pool(), {}
    for seed in seeds:
        space = workspace_of(folder, seed, changes)
        seconds[seed] = learn(space)
        pool.add(seed, read_verdicts(space.root / "reports/evaluation/per_question.jsonl"))
    found = bars(pool, slowest=max(seconds.values()))
    for bar in found:
        print(bar.line())
    page = write_page(folder, pool, found, seconds)
    print(f"page: {page.name}")
    met = all(bar.met for bar in found)
    figures = {bar.name: bar.figures() for bar in found}
    print(json.dumps({"benchmark": "learning", "met": met, "seeds": seeds, "judged": judge, **figures}))
    return met


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="exit 1 when a bar is missed")
    parser.add_argument("--small", action="store_true", help="one seed of a tiny clinic; its figures are not judged")
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS))
    parser.add_argument("--folder", type=Path, default=Path("work/learning"))
    options = parser.parse_args()
    if options.small:
        folder = Path(tempfile.mkdtemp(prefix="medrwr-learning-"))
        measure(folder, [SEEDS[0]], TINY, judge=False)
        shutil.rmtree(folder)
        return 0
    met = measure(options.folder.resolve(), options.seeds, FULL, judge=True)
    return 1 if options.check and not met else 0


if __name__ == "__main__":
    sys.exit(main())
