"""What `dvc repro` ran outside of Dagster is recorded by the sensor, once."""

from __future__ import annotations

import dagster as dg

from dagster_project.graph import read_graph
from dagster_project.observing import DATA_VERSION, build_lock_sensor
from dagster_project.project import build_definitions

from .conftest import PARAMS, Workspace
from .test_materialise import materialisations, materialise, version

Events = dict[str, dg.AssetMaterialization | dg.AssetObservation]


def tick(space: Workspace, instance: dg.DagsterInstance, cursor: str | None = None) -> tuple[Events, str | None]:
    """One tick, its events stored as the daemon stores them."""
    nodes = tuple(reversed(read_graph(space.root)))  # a dvc.yaml may name a stage before those that it reads
    sensor = build_lock_sensor(nodes, space.root)
    outcome = sensor.evaluate_tick(dg.build_sensor_context(instance=instance, cursor=cursor))
    events: Events = {}
    for event in outcome.asset_events:
        assert isinstance(event, dg.AssetMaterialization | dg.AssetObservation)
        instance.report_runless_asset_event(event)
        events[event.asset_key.to_user_string()] = event
    return events, outcome.cursor


def test_what_dvc_ran_is_recorded_once_with_what_a_person_wants_to_see(workspace: Workspace) -> None:
    instance = dg.DagsterInstance.ephemeral()
    assert tick(workspace, instance)[0].keys() == {"shipped"}  # in the lock from the start

    workspace.dvc("repro")
    events, cursor = tick(workspace, instance)
    order = list(events)
    assert sorted(order) == ["first", "last", "part/a", "part/b", "reader"]
    # Each comes after what it reads.
    assert order.index("first") < order.index("part/a") < order.index("last") < order.index("reader")
    assert events["last"].metadata["headline"].value == "last is done"
    assert str(events["last"].metadata["plots"].value).startswith("![curve]")
    assert tick(workspace, instance, cursor)[0] == {}
    assert tick(workspace, instance)[0] == {}  # a lost cursor repeats nothing

    workspace.set_params(PARAMS.replace("count: 3", "count: 4"))
    workspace.dvc("repro")
    events, _ = tick(workspace, instance, cursor)
    assert "reader" not in events  # it came out the same
    assert "first" in events


def test_what_dagster_ran_itself_is_not_recorded_again(workspace: Workspace) -> None:
    instance = dg.DagsterInstance.ephemeral()
    done = materialisations(materialise(workspace, instance=instance))

    assert tick(workspace, instance)[0].keys() == {"shipped"}
    latest = instance.get_latest_materialization_event(dg.AssetKey("first"))
    assert latest is not None
    assert latest.asset_materialization is not None
    assert latest.asset_materialization.tags is not None
    assert latest.asset_materialization.tags[DATA_VERSION] == version(done["first"])


def test_the_sensor_is_part_of_the_code_location_and_on_from_the_start(workspace: Workspace) -> None:
    sensor = build_definitions(workspace.root).resolve_sensor_def("dvc_lock")
    assert sensor.default_status == dg.DefaultSensorStatus.RUNNING
