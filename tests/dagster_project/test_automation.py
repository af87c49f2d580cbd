"""What starts runs by itself: one setting, settled files once, drift, a week, and alerts to a real server."""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from dagster_project.alerts import Alerts, build_failure_sensor
from dagster_project.automation import JOB, WEEKLY
from dagster_project.drift import OBSERVATIONS, WINDOW, Served, drift_of, read_served
from dagster_project.incoming import FOLDER, look
from dagster_project.observing import DATA_VERSION
from dagster_project.project import Automation, build_definitions
from medrwr.errors import ConfigError

from .conftest import Workspace

DOCUMENTS = f"{FOLDER}/documents"
READS_INCOMING = """\
stages:
  take:
    cmd: mkdir -p data && cat incoming/documents/* > data/all
    deps: [incoming/documents]
    outs: [data/all]
"""


@pytest.mark.parametrize("on", [True, False])
def test_one_setting_switches_everything(workspace: Workspace, on: bool) -> None:
    repository = build_definitions(workspace.root, automation=Automation(on)).get_repository_def()
    running = {sensor.name: sensor.default_status.value == "RUNNING" for sensor in repository.sensor_defs}
    assert running.pop("dvc_lock") is True  # it starts nothing
    assert running == dict.fromkeys(("data_versions", "incoming", "run_failed", "serving_drift"), on)
    assert (repository.schedule_defs[0].default_status.value == "RUNNING") is on


def test_a_new_data_version_asks_for_what_depends_on_it_and_a_skipped_run_does_not(workspace: Workspace) -> None:
    definitions, instance = build_definitions(workspace.root), dg.DagsterInstance.ephemeral()
    assert definitions.resolve_asset_graph().get(dg.AssetKey("first")).freshness_policy is not None

    def done(key: list[str], version: str) -> None:
        tags = {DATA_VERSION: version}
        instance.report_runless_asset_event(dg.AssetMaterialization(asset_key=dg.AssetKey(key), tags=tags))

    for key in (["first"], ["part", "a"], ["part", "b"], ["last"], ["reader"]):
        done(key, "one")
    instance.report_runless_asset_event(dg.AssetObservation(asset_key="shipped", tags={DATA_VERSION: "one"}))
    asked = []
    result = dg.evaluate_automation_conditions(definitions, instance)
    for version in ("one", "two"):  # DVC skipped it; then it came out differently
        done(["first"], version)
        result = dg.evaluate_automation_conditions(definitions, instance, cursor=result.cursor)
        asked.append(result.total_requested)
        requested = {
            key for key in (("part", "a"), ("part", "b"), ("last",)) if result.get_num_requested(dg.AssetKey(key))
        }
    assert asked[0] == 0
    assert {("part", "a"), ("part", "b")} <= requested


def test_a_file_is_taken_when_it_has_settled_and_once(tmp_path: Path) -> None:
    folder = tmp_path / DOCUMENTS
    folder.mkdir(parents=True)
    (folder / "a.md").write_text("half")
    (folder / "b.md.part").write_text("a download")
    (folder / ".hidden").write_text("an editor's")
    first = look(tmp_path, [DOCUMENTS], {}, frozenset())
    assert (first.new, first.waiting) == ((), 1)
    (folder / "a.md").write_text("half and the rest")  # still being written
    second = look(tmp_path, [DOCUMENTS], first.states, first.digests)
    assert (second.new, second.waiting) == ((), 1)
    third = look(tmp_path, [DOCUMENTS], second.states, second.digests)
    assert third.new == (f"{DOCUMENTS}/a.md",)
    (folder / "copy.md").write_text("half and the rest")  # the same content again
    fourth = look(tmp_path, [DOCUMENTS], third.states, third.digests)
    fifth = look(tmp_path, [DOCUMENTS], fourth.states, fourth.digests)
    assert (fourth.new, fifth.new, fifth.waiting) == ((), (), 0)


def test_a_clock_that_jumps_makes_no_file_new(tmp_path: Path) -> None:
    file = tmp_path / DOCUMENTS / "a.md"
    file.parent.mkdir(parents=True)
    file.write_text("text")
    states: dict[str, tuple[int, int]] = {}
    digests: frozenset[str] = frozenset()
    new = []
    for time_s in (2e9, 2e9, 1e9, 1e9, 3e9, 3e9):  # forward and back, each seen twice
        os.utime(file, (time_s, time_s))
        seen = look(tmp_path, [DOCUMENTS], states, digests)
        states, digests = seen.states, seen.digests
        new += seen.new
    assert new == [f"{DOCUMENTS}/a.md"]


def tick(space: Workspace, name: str, cursor: str | None = None, **resources: Any) -> Any:
    definitions = build_definitions(space.root)
    context = dg.build_sensor_context(
        instance=dg.DagsterInstance.ephemeral(), cursor=cursor, definitions=definitions, resources=resources
    )
    return definitions.resolve_sensor_def(name).evaluate_tick(context)


def test_the_sensor_asks_once_for_all_that_is_new(workspace: Workspace) -> None:
    (workspace.root / "dvc.yaml").write_text(READS_INCOMING)
    folder = workspace.root / DOCUMENTS
    folder.mkdir(parents=True)
    for name in ("a", "b"):
        (folder / f"{name}.md").write_text(name)
    waiting = tick(workspace, FOLDER)
    asked = tick(workspace, FOLDER, waiting.cursor)
    quiet = tick(workspace, FOLDER, asked.cursor)
    assert waiting.skip_message == "2 files have not settled"
    assert [request.tags["medrwr/files"] for request in asked.run_requests] == [f"{DOCUMENTS}/a.md, {DOCUMENTS}/b.md"]
    assert (quiet.run_requests, quiet.skip_message) == ([], "nothing new")


def test_files_that_no_stage_reads_are_named(workspace: Workspace) -> None:
    file = workspace.root / FOLDER / "questions/q.jsonl"
    file.parent.mkdir(parents=True)
    file.write_text("{}")
    assert "incoming/questions holds files, but no stage reads it" in tick(workspace, FOLDER).skip_message


def served(confidence: float, count: int, *, asked: int = 0) -> list[Served]:
    """Confidence a little either side of its mean; the first `asked` were re-retrieved."""
    return [Served("2", confidence + 0.02 * (n % 3 - 1), n < asked) for n in range(count)]


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        (served(0.8, WINDOW) + served(0.7, WINDOW), "mean confidence 0.800 -> 0.700"),
        (served(0.8, WINDOW) + served(0.78, WINDOW), ""),  # sure, but too little to matter
        (served(0.8, WINDOW) + served(0.9, WINDOW), ""),
        (served(0.8, WINDOW, asked=20) + served(0.8, WINDOW, asked=60), "re-retrieval 10.0% -> 30.0%"),
        (served(0.8, WINDOW, asked=20) + served(0.8, WINDOW, asked=30), ""),
        (served(0.8, WINDOW) + served(0.2, WINDOW - 1), ""),  # two windows would share an answer
    ],
)
def test_drift_has_to_matter_and_to_be_no_chance(rows: list[Served], found: str) -> None:
    said = drift_of(rows)
    assert (found in said) if found else said == ""


def test_drift_asks_once_a_version_and_tells(workspace: Workspace, server: tuple[str, list[Any]]) -> None:
    address, received = server
    file = workspace.root / OBSERVATIONS
    file.parent.mkdir(parents=True)
    rows = served(0.8, WINDOW) + served(0.6, WINDOW)
    lines = [json.dumps({"version": row.version, "confidence": row.confidence, "reretrieved": False}) for row in rows]
    file.write_text(
        "\n".join(['{"version": "1", "confidence": 0.9, "reretrieved": true}', *lines, '{"version": "2", "co'])
    )
    assert len(read_served(file)) == 2 * WINDOW
    asked = tick(workspace, "serving_drift", alerts=Alerts(webhook=address))
    again = tick(workspace, "serving_drift", asked.cursor, alerts=Alerts(webhook=address))
    assert [request.run_key for request in asked.run_requests] == ["drift-2"]
    assert again.run_requests == []
    assert [message["text"] for message in received] == ["version 2 drifts: mean confidence 0.800 -> 0.600"]


def test_the_week_does_not_overlap_itself(workspace: Workspace) -> None:
    definitions = build_definitions(workspace.root)
    schedule = definitions.get_repository_def().get_schedule_def(WEEKLY)
    monday = datetime(2026, 11, 30, 3, tzinfo=UTC)
    with dg.instance_for_test() as instance:

        def asked() -> int:
            context = dg.build_schedule_context(instance=instance, scheduled_execution_time=monday)
            return len(schedule.evaluate_tick(context).run_requests)

        assert asked() == 1
        instance.create_run_for_job(definitions.resolve_job_def(JOB), status=dg.DagsterRunStatus.STARTED)
        assert asked() == 0


@pytest.fixture
def server() -> Iterator[tuple[str, list[Any]]]:
    """A webhook on this machine that refuses the first message."""
    received: list[Any] = []
    refused: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200 if refused else 503)
            self.end_headers()
            (received.append(json.loads(body)) if refused else refused.append(body))

        def log_message(self, *arguments: Any) -> None:
            """Quiet."""

    web = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=web.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{web.server_port}/hook", received
    web.shutdown()
    web.server_close()


def test_a_failed_run_is_told_with_its_step_and_reason(server: tuple[str, list[Any]]) -> None:
    address, received = server

    @dg.op
    def train() -> None:
        raise dg.Failure("the loss is not a number")

    @dg.job
    def pipeline() -> None:
        train()

    instance = dg.DagsterInstance.ephemeral()
    result = pipeline.execute_in_process(instance=instance, raise_on_error=False)
    [event] = [event for event in result.all_events if event.is_run_failure]
    context = dg.build_run_status_sensor_context(
        "run_failed", event, instance, result.dagster_run, resources={"alerts": Alerts(webhook=address)}
    ).for_run_failure()
    build_failure_sensor(automatic=False)(context)
    [message] = received
    assert message["text"].startswith("pipeline failed (run ")
    assert "train: the loss is not a number" in message["text"]


def test_an_alert_that_nobody_takes_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    assert Alerts(webhook="http://127.0.0.1:9/hook").send("trouble", logging.getLogger("alerts")) is False
    assert "could not be sent to 127.0.0.1:9" in caplog.text
    with pytest.raises(ConfigError, match="MEDRWR_WEBHOOK"):
        Alerts(webhook="file:///etc/passwd").send("trouble", logging.getLogger("alerts"))
