"""The Ray cluster of a stage: the one that RAY_ADDRESS names, else one of this machine, on loopback, for this stage."""

from __future__ import annotations

import importlib.util
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager

from medrwr.errors import EngineError

ADDRESS = "RAY_ADDRESS"
_ONE_MACHINE = "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"  # "0": every server of Ray's listens on loopback, on Linux too


@contextmanager
def ray_cluster(workers: int, *, setting: str) -> Iterator[int]:
    """A cluster to work with, and how many workers to use; 0 asks for one on each processor.

    `setting` is the parameter that asks for Ray, as errors name it: 'index.engine'.

    Raises:
        EngineError: Ray is not installed, the cluster does not answer, or has fewer processors than workers are asked.
    """
    missing = [name for name in ("ray", "lance_ray", "lance") if importlib.util.find_spec(name) is None]
    if missing:
        raise EngineError(
            f"{setting} is 'ray', but {', '.join(missing)} cannot be imported: run `pip install '.[ray]' "
            f"--constraint constraints.txt`, or set {setting} to local"
        )
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    if not os.environ.get(ADDRESS):
        os.environ.setdefault(_ONE_MACHINE, "0")
    import ray

    ours = not ray.is_initialized()
    if ours:
        _connect(os.environ.get(ADDRESS), workers, setting)
    try:
        yield _count(_processors(), workers, setting)
    finally:
        if ours:
            ray.shutdown()


def _connect(address: str | None, workers: int, setting: str) -> None:
    import ray

    for name in ("ray", "ray.data"):
        logging.getLogger(name).setLevel(logging.WARNING)
    try:
        if address:
            ray.init(address=address, log_to_driver=False, logging_level=logging.WARNING)
        else:
            ray.init(
                num_cpus=workers or None,
                include_dashboard=False,
                log_to_driver=False,
                logging_level=logging.WARNING,
            )
    except (ConnectionError, RuntimeError, ValueError, OSError) as error:
        where = f"the cluster at {address!r} ({ADDRESS})" if address else "a cluster on this machine"
        raise EngineError(
            f"Ray cannot use {where}: {error}: start it (`ray start --head`), or set {setting} to local"
        ) from None
    ray.data.DataContext.get_current().enable_progress_bars = False


def _processors() -> int:
    import ray

    resources: dict[str, float] = ray.cluster_resources()
    return int(resources.get("CPU", 0))


def _count(processors: int, workers: int, setting: str) -> int:
    if workers > processors:
        raise EngineError(
            f"{setting.partition('.')[0]}.workers is {workers}, the Ray cluster has {processors} processors: "
            "ask for at most that many"
        )
    return workers or max(1, processors)
