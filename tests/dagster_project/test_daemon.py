"""A real daemon: a document dropped in the incoming folder becomes an output, with nobody at the keyboard."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import pytest

from dagster_project.incoming import FOLDER

from .conftest import Workspace, environment, make_workspace
from .test_automation import DOCUMENTS, READS_INCOMING

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]
REPOSITORY = Path(__file__).resolve().parents[2]
PATIENCE_S = 150


@pytest.fixture
def space(tmp_path: Path) -> Workspace:
    space = make_workspace(tmp_path / "workspace", dvc_yaml=READS_INCOMING, params="{}\n")
    (space.root / DOCUMENTS).mkdir(parents=True)
    (space.root / DOCUMENTS / "old.md").write_text("old\n")
    space.dvc("repro")
    return space


@pytest.fixture
def daemon(space: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    home = tmp_path / "home"
    home.mkdir()
    (home / "dagster.yaml").write_text((REPOSITORY / "infra/dagster.yaml").read_text())
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    instance = dg.DagsterInstance.get()  # makes the databases: two processes that make them at once break them
    variables = {
        "MEDRWR_WORKSPACE": str(space.root),
        "MEDRWR_AUTOMATION": "on",
        "MEDRWR_SENSOR_SECONDS": "1",
        "PYTHONPATH": str(REPOSITORY),
    }
    log = (tmp_path / "daemon.log").open("w")
    process = subprocess.Popen(
        [str(Path(sys.executable).with_name("dagster-daemon")), "run", "-m", "dagster_project.definitions"],
        cwd=space.root,
        env={**environment(), **variables},
        stdout=log,
        stderr=log,
        start_new_session=True,
    )
    try:
        yield instance
    finally:
        os.killpg(process.pid, signal.SIGINT)
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


def test_a_dropped_document_is_taken_in_unattended(space: Workspace, daemon: dg.DagsterInstance) -> None:
    (space.root / DOCUMENTS / "new.md").write_text("new\n")

    def finished() -> bool:
        runs = daemon.get_runs(dg.RunsFilter(tags={"medrwr/why": FOLDER}, statuses=[dg.DagsterRunStatus.SUCCESS]))
        return bool(runs)

    wait(finished)
    assert sorted((space.root / "data/all").read_text().split()) == ["new", "old"]
    assert space.dvc("status").strip() == "Data and pipelines are up to date."

    def ticked() -> set[str]:
        found = daemon.all_instigator_state()
        looked = [one for one in found if daemon.get_ticks(one.instigator_origin_id, one.selector_id, limit=1)]
        return {one.instigator_name for one in looked}

    wait(lambda: {"incoming", "serving_drift", "dvc_lock", "data_versions"} <= ticked())
    asked = [run for run in daemon.get_runs() if run.tags.get("medrwr/why") == FOLDER]
    assert len(asked) == 1  # both files were new to the sensor, and are taken once, together


def wait(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not done():
        assert time.monotonic() < deadline
        time.sleep(1)
