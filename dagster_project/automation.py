"""When stages run: by hand, or, where automation is on, by a weekly schedule and by what has changed.

`MEDRWR_AUTOMATION=on` switches schedule, sensors and conditions on together; each can be stopped in the UI.
"""

# No `from __future__ import annotations`: Dagster reads the annotations of schedules as objects.

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Union

import dagster as dg

from dagster_project.graph import StageNode

if TYPE_CHECKING:
    from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

JOB = "medrwr_pipeline"
WEEKLY = "weekly"
STALE_AFTER, LATE_AFTER = timedelta(days=10), timedelta(days=8)  # a week, and time to notice that one was missed
UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def build_job(nodes: Sequence[StageNode]) -> "UnresolvedAssetJobDefinition":
    """All stages that can run, with their checks: the same work as `dvc repro`."""
    keys = [dg.AssetKey(node.key) for node in nodes if not node.frozen]
    return dg.define_asset_job(
        JOB, selection=dg.AssetSelection.assets(*keys), description="Every stage of dvc.yaml, as `dvc repro` runs them."
    )


def build_schedule(job: "UnresolvedAssetJobDefinition", *, automatic: bool) -> dg.ScheduleDefinition:
    """Every Monday at 3: new documents in the sources become a new candidate for the gate."""

    @dg.schedule(
        name=WEEKLY,
        job=job,
        cron_schedule="0 3 * * 1",
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING if automatic else dg.DefaultScheduleStatus.STOPPED,
    )
    def weekly(context: dg.ScheduleEvaluationContext) -> Union[dg.RunRequest, dg.SkipReason]:  # noqa: UP007
        unfinished = context.instance.get_runs_count(dg.RunsFilter(job_name=JOB, statuses=UNFINISHED))
        if unfinished:
            return dg.SkipReason(f"{unfinished} runs of {JOB} are not finished: a second would wait for the same lock")
        return dg.RunRequest(tags={"medrwr/why": WEEKLY})

    return weekly


def condition() -> dg.AutomationCondition[Any]:
    """Run a stage when the data of one that it depends on has another version; a run that changed nothing is no news.

    `AutomationCondition.eager()` takes every materialisation as an update, also of a stage that DVC skipped.
    """
    news: dg.AutomationCondition[Any] = (
        dg.AutomationCondition.data_version_changed() | dg.AutomationCondition.will_be_requested()
    )
    return dg.AutomationCondition.eager().replace("any_deps_updated", dg.AutomationCondition.any_deps_match(news))


def freshness() -> dg.FreshnessPolicy:
    """A stage that nobody has run, or found unchanged, for over a week is late."""
    return dg.FreshnessPolicy.time_window(fail_window=STALE_AFTER, warn_window=LATE_AFTER)


def build_condition_sensor(*, automatic: bool, interval_s: int) -> dg.AutomationConditionSensorDefinition:
    """What evaluates the assets' conditions."""
    return dg.AutomationConditionSensorDefinition(
        "data_versions",
        target=dg.AssetSelection.all(),
        minimum_interval_seconds=interval_s,
        default_status=sensor_status(automatic=automatic),
    )


def sensor_status(*, automatic: bool) -> dg.DefaultSensorStatus:
    """Running, or waiting for somebody who starts it."""
    return dg.DefaultSensorStatus.RUNNING if automatic else dg.DefaultSensorStatus.STOPPED
