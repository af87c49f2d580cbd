"""The code location of one workspace, put together from its dvc.yaml."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import dagster as dg

from dagster_project.alerts import Alerts, build_failure_sensor
from dagster_project.assets import build_assets, build_sources
from dagster_project.automation import build_condition_sensor, build_job, build_schedule
from dagster_project.checks import build_checks
from dagster_project.drift import build_drift_sensor
from dagster_project.graph import read_graph
from dagster_project.incoming import build_incoming_sensor
from dagster_project.observing import build_lock_sensor
from dagster_project.promotion import build_promotion_jobs
from dagster_project.resources import DvcRunner


@dataclass(frozen=True, slots=True)
class Automation:
    """Whether schedule and sensors run by themselves, how often sensors look, and who is told of failures."""

    on: bool = False
    interval_s: int = 30
    webhook: str = ""


def build_definitions(root: Path, *, max_concurrent: int = 1, automation: Automation = Automation()) -> dg.Definitions:
    """Assets, checks, jobs, schedule and sensors of the workspace `root`."""
    nodes = read_graph(root)
    job = build_job(nodes)
    automatic, interval_s = automation.on, automation.interval_s
    return dg.Definitions(
        assets=[*build_assets(nodes, root), *build_sources(nodes)],
        asset_checks=build_checks(nodes, root),
        jobs=[job, *build_promotion_jobs()],
        schedules=[build_schedule(job, automatic=automatic)],
        sensors=[
            build_lock_sensor(nodes, root),
            build_incoming_sensor(nodes, root, automatic=automatic, interval_s=interval_s),
            build_drift_sensor(root, automatic=automatic, interval_s=interval_s),
            build_condition_sensor(automatic=automatic, interval_s=interval_s),
            build_failure_sensor(automatic=automatic),
        ],
        resources={"dvc": DvcRunner(workspace=str(root)), "alerts": Alerts(webhook=automation.webhook)},
        executor=dg.multiprocess_executor.configured({"max_concurrent": max_concurrent}),
    )
