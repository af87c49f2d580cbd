"""When stages run: by hand, or by a schedule that somebody has to switch on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import dagster as dg

from dagster_project.graph import StageNode

if TYPE_CHECKING:
    from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

JOB = "medrwr_pipeline"


def build_job(nodes: Sequence[StageNode]) -> UnresolvedAssetJobDefinition:
    """All stages that can run, with their checks: the same work as `dvc repro`."""
    keys = [dg.AssetKey(node.key) for node in nodes if not node.frozen]
    return dg.define_asset_job(
        JOB, selection=dg.AssetSelection.assets(*keys), description="Every stage of dvc.yaml, as `dvc repro` runs them."
    )


def build_schedule(job: UnresolvedAssetJobDefinition) -> dg.ScheduleDefinition:
    """Every Monday at 3, once switched on: new documents in the sources become a new candidate for the gate."""
    return dg.ScheduleDefinition(
        name="weekly",
        job=job,
        cron_schedule="0 3 * * 1",
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.STOPPED,
    )
