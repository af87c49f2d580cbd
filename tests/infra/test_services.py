"""The services as infra/README.md sets them up: nothing is lost when a database restarts, or is wiped."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from pipelines.tracking.store import open_store
from tests.infra.cluster import REPOSITORY, Postgres, binaries, services

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(binaries() is None, reason="PostgreSQL is not installed: apt-get install postgresql"),
]


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[Postgres, dict[str, str]]]:
    with tempfile.TemporaryDirectory(
        prefix="medrwr-services-"
    ) as name:  # pytest's folders are closed to PostgreSQL's user
        folder = Path(name)
        folder.chmod(0o755)
        with services(folder) as started:
            yield started


@pytest.fixture
def client(running: tuple[Postgres, dict[str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MlflowClient:
    for name, value in running[1].items():
        monkeypatch.setenv(name, value)
    return open_store(tmp_path).client


def script(name: str, variables: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["bash", str(REPOSITORY / "infra" / name), *arguments]
    return subprocess.run(
        command, cwd=arguments[0] + "/..", env=os.environ | variables, capture_output=True, text=True, check=False
    )


def champion(client: MlflowClient, tmp_path: Path, text: str, name: str) -> str:
    """A run with a metric and an artefact on S3, a version of it, and the alias."""
    experiment = client.get_experiment_by_name("medrwr")
    run = client.create_run(experiment.experiment_id).info
    (tmp_path / "answer.txt").write_text(text)
    client.log_artifact(run.run_id, str(tmp_path / "answer.txt"))
    client.log_metric(run.run_id, "accuracy", 0.5)
    client.create_registered_model(name)
    client.create_model_version(name, f"runs:/{run.run_id}/answer.txt", run.run_id)
    client.set_registered_model_alias(name, "champion", "1")
    return run.run_id


def answer(client: MlflowClient, folder: Path, name: str) -> tuple[str, float]:
    run = client.get_run(client.get_model_version_by_alias(name, "champion").run_id)
    folder.mkdir()
    file = Path(client.download_artifacts(run.info.run_id, "answer.txt", str(folder)))
    return file.read_text(), run.data.metrics["accuracy"]


def test_a_run_goes_on_when_the_database_restarts(running, client: MlflowClient, tmp_path: Path) -> None:
    run = client.create_run(client.get_experiment_by_name("medrwr").experiment_id).info.run_id
    client.log_metric(run, "loss", 2.0, step=0)
    running[0].control("restart", "-m", "immediate")
    client.log_metric(run, "loss", 1.0, step=1)
    assert [(point.step, point.value) for point in client.get_metric_history(run, "loss")] == [(0, 2.0), (1, 1.0)]


def test_wiped_and_restored_the_champion_is_the_same(running, client: MlflowClient, tmp_path: Path) -> None:
    champion(client, tmp_path, "kemopril", "restored")
    before = answer(client, tmp_path / "before", "restored")
    backup = tmp_path / "backup"
    backup.mkdir()
    done = script("backup.sh", running[1], str(backup))
    assert done.returncode == 0, done.stderr
    running[0].wipe("mlflow")
    with pytest.raises(MlflowException):
        client.get_model_version_by_alias("restored", "champion")
    done = script("restore.sh", running[1], str(backup))
    assert done.returncode == 0, done.stderr
    assert answer(client, tmp_path / "after", "restored") == before == ("kemopril", 0.5)


def test_a_damaged_backup_changes_nothing(running, client: MlflowClient, tmp_path: Path) -> None:
    champion(client, tmp_path, "tarvex", "kept")
    backup = tmp_path / "backup"
    backup.mkdir()
    assert script("backup.sh", running[1], str(backup)).returncode == 0
    with (backup / "mlflow.dump").open("r+b") as stream:
        stream.truncate(1000)
    assert script("restore.sh", running[1], str(backup)).returncode != 0
    assert answer(client, tmp_path / "after", "kept") == ("tarvex", 0.5)


def test_without_a_password_nothing_is_shown(client: MlflowClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "wrong")
    with pytest.raises(MlflowException, match=r"401|not authenticated"):
        client.get_experiment_by_name("medrwr")


def test_dagster_keeps_its_runs_in_postgresql(running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dagster import DagsterInstance, job, op

    monkeypatch.setenv("DAGSTER_POSTGRES_URL", running[1]["DAGSTER_POSTGRES_URL"])
    shutil.copy(REPOSITORY / "infra/dagster-postgres.yaml", tmp_path / "dagster.yaml")

    @op
    def stage() -> None: ...

    @job
    def pipeline() -> None:
        stage()

    with DagsterInstance.from_config(str(tmp_path)) as instance:
        run = pipeline.execute_in_process(instance=instance).run_id
    running[0].control("restart", "-m", "immediate")
    with DagsterInstance.from_config(str(tmp_path)) as instance:
        assert instance.get_run_by_id(run).is_success


def test_the_default_imports_no_driver() -> None:
    code = "import sys, pipelines.tracking.store, pipelines.cli.main, dagster_project.definitions; print(*sys.modules)"
    seen = subprocess.run(
        ["python", "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"psycopg2", "boto3", "s3fs", "dvc_s3", "dagster_postgres", "flask_wtf"} & set(seen)
