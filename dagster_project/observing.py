"""What `dvc repro` did outside of Dagster is shown too: a sensor reads dvc.lock and records what is new in it."""

# No `from __future__ import annotations`: Dagster reads the annotations of sensor functions as objects.

from collections.abc import Iterator, Sequence
from graphlib import TopologicalSorter
from pathlib import Path

import dagster as dg

from dagster_project.assets import source_key
from dagster_project.graph import StageNode
from dagster_project.lock import FILE, data_version, recorded_digest, recorded_outs
from dagster_project.report import stage_metadata
from medrwr.digests import file_digest

SENSOR = "dvc_lock"
DATA_VERSION = "dagster/data_version"
_EVERY_S = 30
_BUSY = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]


def build_lock_sensor(nodes: Sequence[StageNode], root: Path) -> dg.SensorDefinition:
    """It starts no run, so that it is on from the start: events of what somebody ran by hand, and nothing else."""

    @dg.sensor(
        name=SENSOR,
        description="Records the stages that `dvc repro` ran outside of Dagster.",
        minimum_interval_seconds=_EVERY_S,
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def watch(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        lock = root / FILE
        if not lock.is_file():
            return dg.SkipReason("there is no dvc.lock: nothing ran yet")
        digest = file_digest(lock)
        if context.cursor == digest:
            return dg.SkipReason("dvc.lock is as it was")
        if context.instance.get_runs_count(dg.RunsFilter(statuses=_BUSY)):
            return dg.SkipReason("a run is in progress: it records its own stages")
        return dg.SensorResult(asset_events=list(_news(context.instance, nodes, root)), cursor=digest)

    return watch


def _news(
    instance: dg.DagsterInstance, nodes: Sequence[StageNode], root: Path
) -> Iterator[dg.AssetMaterialization | dg.AssetObservation]:
    """One event for each stage whose recorded outs, and each source whose version, is not that of its last event.

    What is read comes before what reads it: Dagster calls an asset stale whose upstream has the later event.
    """
    for path in sorted({path for node in nodes for path in node.external}):
        key, version = source_key(path), recorded_digest(root, path)
        if version is not None and version != _known_version(instance, key):
            yield dg.AssetObservation(asset_key=key, metadata={"path": path}, tags={DATA_VERSION: version})
    by_name = {node.name: node for node in nodes}
    for name in TopologicalSorter({node.name: node.upstream for node in nodes}).static_order():
        node = by_name[name]
        key = dg.AssetKey(node.key)
        outs = recorded_outs(root, node.name)
        version = data_version(outs, node.consumed)
        if version is None or version == _known_version(instance, key):
            continue
        made = dg.AssetObservation if node.frozen else dg.AssetMaterialization
        metadata = stage_metadata(root, node, outs, skipped=False)
        yield made(asset_key=key, metadata=metadata, tags={DATA_VERSION: version})


def _known_version(instance: dg.DagsterInstance, key: dg.AssetKey) -> str | None:
    for fetch in (instance.fetch_materializations, instance.fetch_observations):
        for record in fetch(key, limit=1).records:
            event = record.asset_materialization or record.asset_observation
            if event is not None and event.tags:
                return event.tags.get(DATA_VERSION)
    return None
