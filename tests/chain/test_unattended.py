"""A real daemon on the whole chain: a document dropped in the incoming folder leads to a verdict on a challenger."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import pytest

from tests.chain.workspace import REPOSITORY, Workspace, environment, set_parameters

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]

FOLDER = "incoming/documents"
SOURCES = {"clinic": {"path": "data/clinic/documents", "format": "auto"}, "incoming": {"path": FOLDER}}
LONGEST_S = 600  # the bar
NEW = """# Melkosis

Melkosis is a disease of the small vessels of the eye. It is told by a pale ring around the macula in fundus
photographs. It is treated first with tarvenol, and the dose is raised slowly over some weeks.
"""


@pytest.fixture
def space(chain: Workspace, tmp_path: Path) -> Workspace:
    """The chain with a source whose folder takes what comes in; everything is up to date."""
    space = chain.copy(tmp_path / "workspace")
    (space.root / FOLDER).mkdir(parents=True)
    (space.root / FOLDER / "old.md").write_text(NEW.replace("Melkosis", "Pyraemia").replace("pale", "bright"))
    set_parameters(space.root / "params.yaml", {"knowledge_base": {"sources": SOURCES}})
    space.dvc("repro")
    return space


@pytest.fixture
def daemon(space: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    home = tmp_path / "home"
    home.mkdir()
    (home / "dagster.yaml").write_text((REPOSITORY / "infra/dagster.yaml").read_text())
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    instance = dg.DagsterInstance.get()  # makes the databases: two processes that make them at once break them
    variables = {"DAGSTER_HOME": str(home), "MEDRWR_AUTOMATION": "on", "MEDRWR_SENSOR_SECONDS": "1"}
    with (tmp_path / "daemon.log").open("w") as log:
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


def test_a_dropped_document_leads_to_a_verdict_on_a_retrained_challenger(
    space: Workspace, daemon: dg.DagsterInstance, record_property: Callable[[str, object], None]
) -> None:
    """Index, retrained challenger, evaluation, promotion or refusal with its reason: within ten minutes, unattended."""
    before = {name: digest(space, name) for name in ("data/index_manifest.json", "reports/registration.json")}
    weights = (space.root / "models/grpo_multimodal/model.safetensors").read_bytes()
    began = time.monotonic()
    (space.root / FOLDER / "new.md").write_text(NEW)
    while not (over := daemon.get_runs(dg.RunsFilter(tags={"medrwr/why": "incoming"}, statuses=ENDED))):
        assert time.monotonic() - began < LONGEST_S, "nothing has come of the document"
        time.sleep(2)
    took = time.monotonic() - began
    assert [run.status for run in over] == [dg.DagsterRunStatus.SUCCESS]
    assert all(digest(space, name) != sha for name, sha in before.items())
    assert (space.root / "models/grpo_multimodal/model.safetensors").read_bytes() != weights
    verdict = json.loads((space.root / "reports/registration.json").read_text())
    assert verdict["reason"]
    assert space.dvc("status").strip() == "Data and pipelines are up to date."
    record_property("unattended_s", round(took))
    assert took < LONGEST_S


ENDED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]


def digest(space: Workspace, name: str) -> bytes:
    return (space.root / name).read_bytes()
