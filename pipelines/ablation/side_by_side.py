"""Experiments that are missing, several at a time: what others share first."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from pipelines.ablation.experiments import Experiment, is_done, run_experiment
from pipelines.process import THREAD_VARIABLES


def finish(root: Path, experiments: Sequence[Experiment], jobs: int) -> Iterator[tuple[Experiment, bool]]:
    """Each one, kept or as it ends, and whether it had to be run.

    Of a seed that has none yet, one experiment runs before the others, which take the stages they share with it from
    DVC's cache.

    Args:
        jobs: how many at a time; each has its part of the processor's threads.

    Raises:
        ExperimentError: a chain failed; those beside it are let end, further ones are not begun.
    """
    missing = [experiment for experiment in experiments if not is_done(root, experiment)]
    kept = [experiment for experiment in experiments if experiment not in missing]
    yield from ((experiment, False) for experiment in kept)
    begun = {_seed(experiment) for experiment in kept}
    first = list({_seed(one): one for one in reversed(missing) if _seed(one) not in begun}.values())
    for wave in (first[::-1], [experiment for experiment in missing if experiment not in first]):
        yield from ((experiment, True) for experiment in _at_once(root, wave, jobs))


def _at_once(root: Path, experiments: Sequence[Experiment], jobs: int) -> Iterator[Experiment]:
    threads = dict.fromkeys(THREAD_VARIABLES, str(max(1, (os.cpu_count() or 1) // jobs))) if jobs > 1 else {}
    with ThreadPoolExecutor(jobs) as pool:
        running = {pool.submit(run_experiment, root, one, threads): one for one in experiments}
        try:
            for ended in as_completed(running):
                ended.result()
                yield running[ended]
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _seed(experiment: Experiment) -> object:
    return experiment.overrides.get("base.seed")
