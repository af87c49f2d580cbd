"""The code location of one workspace, put together from its dvc.yaml."""

from __future__ import annotations

from pathlib import Path

import dagster as dg

from dagster_project.assets import build_assets, build_sources
from dagster_project.automation import build_job, build_schedule
from dagster_project.checks import build_checks
from dagster_project.graph import read_graph
from dagster_project.observing import build_lock_sensor
from dagster_project.promotion import build_promotion_jobs
from dagster_project.resources import DvcRunner


def build_definitions(root: Path, *, max_concurrent: int = 1) -> dg.Definitions:
    """Assets, checks, job, schedule and sensor of the workspace `root`."""
    nodes = read_graph(root)
    job = build_job(nodes)
    return dg.Definitions(
        assets=[*build_assets(nodes, root), *build_sources(nodes)],
        asset_checks=build_checks(nodes, root),
        jobs=[job, *build_promotion_jobs()],
        schedules=[build_schedule(job)],
        sensors=[build_lock_sensor(nodes, root)],
        resources={"dvc": DvcRunner(workspace=str(root))},
        executor=dg.multiprocess_executor.configured({"max_concurrent": max_concurrent}),
    )
