"""Past one machine, proven on this one.

    python -m tests.benchmarks.scale --check               everything
    python -m tests.benchmarks.scale --check --small       9,000 passages, tiny parameters: for CI
    python -m tests.benchmarks.scale --only ray            some parts: ray, hosts, services, workers, embedded

Times are wall time of this machine, whatever else it did; bars are on results, and on one ratio of times. The last line
is JSON. With --check a missed bar ends with exit code 1.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.benchmarks.rollout import Bar
from tests.benchmarks.scale_embedded import embedded
from tests.benchmarks.scale_hosts import hosts
from tests.benchmarks.scale_ray import ray
from tests.benchmarks.scale_services import services
from tests.benchmarks.scale_workers import workers

PARTS: Mapping[str, Callable[..., dict[str, float]]] = {
    "ray": ray,
    "hosts": hosts,
    "services": services,
    "workers": workers,
    "embedded": embedded,
}
BARS = {
    "ray_same_digest": Bar(">=", 1.0),
    "ray_recall_difference": Bar("<=", 0.01),
    "ray_worker_killed": Bar(">=", 1.0),
    "ray_same_digest_after_kill": Bar(">=", 1.0),
    "ray_recall_difference_after_kill": Bar("<=", 0.01),
    "hosts_loss_difference": Bar("<=", 1e-3),
    "hosts_paused_loss_difference": Bar("<=", 1e-3),
    "hosts_cut_beyond_patience_s": Bar("<=", 60),
    "hosts_cut_failed": Bar(">=", 1.0),
    "hosts_cut_says_why": Bar(">=", 1.0),
    "hosts_cut_loss_difference": Bar("<=", 1e-3),
    "services_pipeline_failed": Bar("<=", 0),
    "services_restarted_in_training": Bar(">=", 1.0),
    "services_stages_lost": Bar("<=", 0),
    "services_runs_failed": Bar("<=", 0),
    "services_history_gaps": Bar("<=", 0),
    "services_stage_runs_unfinished": Bar("<=", 0),
    "services_events_unsent": Bar("<=", 0),
    "services_promoted": Bar(">=", 1.0),
    "services_rolled_back": Bar(">=", 1.0),
    "services_move_gaps": Bar("<=", 0),
    "services_champion_answers_same": Bar(">=", 1.0),
    "services_pulled_same_model": Bar(">=", 1.0),
    "services_stages_out_of_date": Bar("<=", 0),
    "services_objects_mlflow": Bar(">=", 1),
    "services_objects_dvc": Bar(">=", 1),
    "services_objects_index": Bar(">=", 1),
    "embedded_extras_loaded": Bar("<=", 0),
    "embedded_times_without": Bar("<=", 1.1),
}


def measure(part: str, *, small: bool) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="medrwr-scale-") as folder:
        return PARTS[part](Path(folder), small=small)


def missed(figures: Mapping[str, float]) -> list[str]:
    return [name for name, value in figures.items() if name in BARS and not BARS[name].met(value)]


def show(part: str, figures: Mapping[str, float]) -> None:
    print(f"\n{part}")
    for name, value in figures.items():
        bar = f"   bar {BARS[name].at} {BARS[name].value:g}" if name in BARS else ""
        print(f"  {name:<36}{value:>14.6g}{bar}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="exit 1 when a bar is missed")
    parser.add_argument("--small", action="store_true", help="fewer passages and steps")
    parser.add_argument("--only", choices=list(PARTS), nargs="+", help="some parts")
    options = parser.parse_args()
    figures: dict[str, float] = {}
    for part in options.only or PARTS:
        found = measure(part, small=options.small)
        figures |= found
        show(part, found)
    print(json.dumps({"benchmark": "scale", "met": not missed(figures), "missed": missed(figures), **figures}))
    return 1 if missed(figures) and options.check else 0


if __name__ == "__main__":
    sys.exit(main())
