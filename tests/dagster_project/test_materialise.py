"""Dagster and `dvc repro` do the same work, and each sees the other's work as done."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import dagster as dg
import pytest

from dagster_project.automation import JOB
from dagster_project.project import build_definitions
from dagster_project.resources import DvcRunner

from .conftest import PARAMS, Workspace, copy_of, environment, make_workspace, running

Done = dict[str, dg.AssetMaterialization]
ALL = ["first", "part a", "part b", "last", "reader"]


def materialise(
    space: Workspace, *, instance: dg.DagsterInstance | None = None, raise_on_error: bool = True
) -> dg.ExecuteInProcessResult:
    job = build_definitions(space.root).resolve_job_def(JOB)
    return job.execute_in_process(instance=instance, raise_on_error=raise_on_error)


def materialisations(result: dg.ExecuteInProcessResult) -> Done:
    found = [event.materialization for event in result.get_asset_materialization_events()]
    return {item.asset_key.to_user_string(): item for item in found}


def version(item: dg.AssetMaterialization) -> str:
    assert item.tags is not None
    return item.tags["dagster/data_version"]


def lock_without_table(space: Workspace) -> list[str]:
    """dvc.lock but for the folder whose file names are random by design, as a Lance table's are."""
    lines = (space.root / "dvc.lock").read_text().splitlines()
    start = lines.index("    - path: data/table")
    return lines[:start] + lines[start + 5 :]


@pytest.fixture(scope="module")
def by_dagster(template: Workspace, tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, Done]:
    space = copy_of(template, tmp_path_factory.mktemp("dagster") / "workspace")
    return space, materialisations(materialise(space))


def test_dagster_and_dvc_leave_the_same_lock_and_see_each_others_work(
    by_dagster: tuple[Workspace, Done], workspace: Workspace
) -> None:
    other, first = by_dagster

    assert sorted(other.ran()) == sorted(ALL)
    assert other.dvc("status").strip() == "Data and pipelines are up to date."
    lock = (other.root / "dvc.lock").read_text()
    other.dvc("repro")
    assert len(other.ran()) == len(ALL)  # DVC sees Dagster's work
    assert (other.root / "dvc.lock").read_text() == lock

    workspace.dvc("repro")
    assert lock_without_table(workspace) == lock_without_table(other)
    second = materialisations(materialise(workspace))
    assert len(workspace.ran()) == len(ALL)  # Dagster sees DVC's work
    assert {item.metadata["skipped"].value for item in second.values()} == {True}
    assert {key: version(item) for key, item in second.items()} == {key: version(item) for key, item in first.items()}


def test_a_materialisation_carries_what_dvc_recorded_and_what_a_person_wants_to_see(
    by_dagster: tuple[Workspace, Done],
) -> None:
    workspace, done = by_dagster

    lock = (workspace.root / "dvc.lock").read_text()
    assert version(done["first"]) == lock.split("path: data/first")[1].split("md5: ")[1].split("\n")[0]
    metadata = done["last"].metadata
    assert metadata["headline"].value == "last is done"
    assert metadata["seconds"].value == 1.5
    assert metadata["skipped"].value is False
    assert metadata["colour"].value == "blue"  # reported by the stage itself, through Pipes and DVC
    assert "data/manifest.json" in str(metadata["outs"].value)
    assert str(metadata["plots"].value).startswith("![curve](data:image/png;base64,")
    assert done["first"].metadata["count"].value == 3.0


def test_a_changed_parameter_runs_what_depends_on_it_and_no_more(workspace: Workspace) -> None:
    workspace.dvc("repro")
    workspace.set_params(PARAMS.replace("count: 3", "count: 4"))

    done = materialisations(materialise(workspace))

    assert sorted(workspace.ran()[len(ALL) :]) == ["first", "last", "part a", "part b"]
    assert done["reader"].metadata["skipped"].value is True  # the manifest came out the same


def test_a_failing_stage_gives_its_last_line_and_stops_what_follows(workspace: Workspace) -> None:
    workspace.set_params(PARAMS.replace("fail: false", "fail: true"))

    result = materialise(workspace, raise_on_error=False)

    assert not result.success
    failures = [event.step_failure_data for event in result.all_events if event.is_step_failure]
    failure = failures[0].user_failure_data
    assert failure is not None
    assert "the count is odd" in str(failure.metadata["last lines"].value)
    assert "first: the count is odd: make it even" in str(failure.description)
    assert workspace.ran() == ["first"]


def test_a_busy_repository_is_waited_for(workspace: Workspace) -> None:
    workspace.set_params(PARAMS.replace("sleep_s: 0", "sleep_s: 6"))
    by_hand = subprocess.Popen(
        [sys.executable, "-m", "dvc", "repro", "--single-item", "first"],
        cwd=workspace.root,
        env=environment(),
        stdout=subprocess.DEVNULL,
    )
    wait_for(workspace.root / "work/pid")

    definitions = build_definitions(workspace.root)
    first = next(item for item in definitions.assets or () if isinstance(item, dg.AssetsDefinition))
    result = dg.materialize([first], resources={"dvc": DvcRunner(workspace=str(workspace.root))})

    assert result.success
    assert by_hand.wait(timeout=30) == 0
    assert workspace.ran() == ["first"]


SMALL = "stages:\n  first:\n    cmd: python stage.py first\n    deps: [stage.py]\n    outs: [data/first]\n"
EXECUTE = [sys.executable, "-m", "dagster", "job", "execute", "-m", "dagster_project.definitions", "-j", JOB]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "dagster_home"
    folder.mkdir()
    (folder / "dagster.yaml").write_text((Path(__file__).parents[2] / "infra/dagster.yaml").read_text())
    monkeypatch.setenv("DAGSTER_HOME", str(folder))
    monkeypatch.setenv("MEDRWR_WORKSPACE", str(tmp_path / "workspace"))
    return folder


def test_the_command_line_runs_the_job(tmp_path: Path, home: Path) -> None:
    space = make_workspace(tmp_path / "workspace", dvc_yaml=SMALL)

    space.run(*EXECUTE)

    assert space.ran() == ["first"]
    assert space.dvc("status").strip() == "Data and pipelines are up to date."
    logs = "".join(path.read_text() for path in home.rglob("*.out"))
    assert "stage first under dagster-" in logs


@pytest.mark.usefixtures("home")
def test_a_cancelled_run_leaves_no_stage_behind_and_the_next_one_works(tmp_path: Path) -> None:
    slow = PARAMS.replace("sleep_s: 0", "sleep_s: 300")
    space = make_workspace(tmp_path / "workspace", dvc_yaml=SMALL, params=slow)
    process = subprocess.Popen(EXECUTE, cwd=space.root, env=environment(), stderr=subprocess.PIPE, text=True)
    wait_for(space.root / "work/pid", timeout_s=120)
    stage = int((space.root / "work/pid").read_text())

    process.send_signal(signal.SIGINT)
    process.communicate(timeout=120)

    assert not running(stage)
    space.set_params(PARAMS)
    assert materialise(space).success
    assert space.dvc("status").strip() == "Data and pipelines are up to date."


def wait_for(path: Path, timeout_s: float = 30.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} did not appear"
        time.sleep(0.05)
