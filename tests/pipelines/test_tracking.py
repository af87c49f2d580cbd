"""A stage's run in MLflow: child of one parent, with provenance; nothing is lost when MLflow is away."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from mlflow.entities import Run

from medrwr.digests import folder_digest
from pipelines.paths import Paths
from pipelines.runner import run_stage
from pipelines.stage import StageContext, StageResult
from pipelines.tracking.store import open_store
from tests.pipelines.workspaces import install_stage, make_workspace

REPOSITORY = Path(__file__).resolve().parents[2]
NOWHERE = "http://127.0.0.1:9"  # the discard port: nobody listens


def train(context: StageContext) -> StageResult:
    """Three steps of a falling loss."""
    for step, loss in enumerate([0.9, 0.5, float("nan")]):
        context.sink.log({"loss": loss, "step_time": 1.0}, step=step)
    (context.paths.plots("sft") / "loss.csv").write_text("step,loss\n0,0.9\n")
    report = context.paths.root / "report.md"
    report.write_text("fine")
    checkpoint = context.paths.model("sft")
    checkpoint.mkdir(parents=True, exist_ok=True)
    (checkpoint / "model.safetensors").write_bytes(b"weights")
    return StageResult({"loss": 0.5}, "loss 0.5", artefacts=(report, checkpoint), tags={"seed": "3"})


def runs_of(root: Path, role: str) -> list[Run]:
    store = open_store(root)
    return list(store.client.search_runs([store.experiment_id], f"tags.`medrwr.role` = '{role}'"))


def test_a_run_has_params_digests_curves_and_files(tracked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_stage(monkeypatch, "sft", train)
    run_stage("sft", root=make_workspace(tracked))
    client, (run,), (parent,) = open_store(tracked).client, runs_of(tracked, "stage"), runs_of(tracked, "pipeline")
    assert run.info.status == parent.info.status == "FINISHED"
    assert run.data.tags["mlflow.parentRunId"] == parent.info.run_id
    assert run.data.tags["digest.data/clinic"] == "abc123.dir"
    assert run.data.tags["git.revision"] == "unversioned"
    assert run.data.tags["seed"] == "3"
    assert run.data.tags["artefact.models/sft"] == folder_digest(tracked / "models/sft")
    assert run.data.params["sft.epochs"] == "4.0"
    assert run.data.params["base.seed"] == "3"
    assert "rollout.max_turns" not in run.data.params  # dvc.yaml does not give it to this stage
    assert [point.value for point in client.get_metric_history(run.info.run_id, "step_time")] == [1.0, 1.0, 1.0]
    assert [point.value for point in client.get_metric_history(run.info.run_id, "loss")][:2] == [0.9, 0.5]
    assert parent.data.metrics == {"sft.loss": 0.5}
    assert [file.path for file in client.list_artifacts(run.info.run_id, "plots")] == ["plots/loss.csv"]
    assert [file.path for file in client.list_artifacts(run.info.run_id, "artefacts")] == ["artefacts/report.md"]
    assert not list((tracked / "work/tracking").glob("*.jsonl"))


def test_one_parent_for_equal_code_and_parameters(tracked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_stage(monkeypatch, "sft", train)
    for seed in (3, 3, 4):
        run_stage("sft", root=make_workspace(tracked, f"base: {{seed: {seed}}}\n"))
    parents = [run.data.tags["mlflow.parentRunId"] for run in runs_of(tracked, "stage")]
    assert len(parents) == 3
    assert len(set(parents)) == len(runs_of(tracked, "pipeline")) == 2


def test_a_named_pipeline_run_is_its_own_parent(tracked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_stage(monkeypatch, "sft", train)
    for name in ("monday", "tuesday"):
        monkeypatch.setenv("MEDRWR_PIPELINE_RUN", name)
        run_stage("sft", root=make_workspace(tracked))
    assert {run.data.tags["medrwr.pipeline"] for run in runs_of(tracked, "pipeline")} == {"monday", "tuesday"}


def test_a_failed_stage_is_a_failed_run(tracked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(context: StageContext) -> StageResult:
        context.sink.log({"loss": 1.0}, step=0)
        raise ZeroDivisionError

    install_stage(monkeypatch, "sft", fail)
    with pytest.raises(ZeroDivisionError):
        run_stage("sft", root=make_workspace(tracked))
    (run,) = runs_of(tracked, "stage")
    assert (run.info.status, run.data.metrics) == ("FAILED", {"loss": 1.0})


def test_training_survives_an_unreachable_server_and_is_told_later(
    tracked: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    install_stage(monkeypatch, "sft", train)
    root = make_workspace(tracked)
    with monkeypatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", NOWHERE)
        patch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
        assert run_stage("sft", root=root).metrics == {"loss": 0.5}
    warning = capsys.readouterr().err
    assert warning.startswith("warning: MLflow at http://127.0.0.1:9 cannot be used")
    assert warning.count("\n") == 1  # said once, not with every number
    assert len(list((root / "work/tracking").glob("*.jsonl"))) == 1

    run_stage("sft", root=root)
    runs = runs_of(tracked, "stage")
    assert [run.info.status for run in runs] == ["FINISHED", "FINISHED"]
    assert [run.data.metrics["loss"] for run in runs] == [0.5, 0.5]
    assert not list((root / "work/tracking").glob("*.jsonl"))


def test_what_a_killed_stage_logged_is_told_by_the_next(tracked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = make_workspace(tracked)
    script = textwrap.dedent("""
        import os, signal
        from medrwr.config import parse
        from pipelines.paths import Paths
        from pipelines.tracking import open_tracker

        with open_tracker("sft", parse({}), Paths()) as tracker:
            tracker.log({"loss": 0.7}, step=0)
            os.kill(os.getpid(), signal.SIGKILL)
    """)
    environment = {"PYTHONPATH": str(REPOSITORY), "PATH": "/usr/bin:/bin"}
    done = subprocess.run([sys.executable, "-c", script], cwd=root, env=environment, check=False)
    assert done.returncode == -9
    install_stage(monkeypatch, "sft", train)
    run_stage("sft", root=root)
    killed = [run for run in runs_of(tracked, "stage") if run.info.status == "KILLED"]
    assert [run.data.metrics for run in killed] == [{"loss": 0.7}]
    assert len(runs_of(tracked, "stage")) == 2


def test_dagster_gets_headline_metrics_and_the_run(tracked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Pipes session as Dagster opens it: context in, messages out."""
    from dagster_pipes import DAGSTER_PIPES_CONTEXT_ENV_VAR, DAGSTER_PIPES_MESSAGES_ENV_VAR, encode_param

    context = {
        "asset_keys": ["sft"], "code_version_by_asset_key": None, "provenance_by_asset_key": None,
        "partition_key": None, "partition_key_range": None, "partition_time_window": None,
        "run_id": "run-2", "job_name": "all", "retry_number": 0, "extras": {"root_run_id": "run-1"},
    }  # fmt: skip
    (tracked / "context.json").write_text(json.dumps(context))
    messages = tracked / "messages.jsonl"
    monkeypatch.setenv(DAGSTER_PIPES_CONTEXT_ENV_VAR, encode_param({"path": str(tracked / "context.json")}))
    monkeypatch.setenv(DAGSTER_PIPES_MESSAGES_ENV_VAR, encode_param({"path": str(messages)}))
    install_stage(monkeypatch, "sft", train)
    run_stage("sft", root=make_workspace(tracked))

    sent = [json.loads(line) for line in messages.read_text().splitlines()]
    (report,) = [line["params"] for line in sent if line["method"] == "report_asset_materialization"]
    (run,) = runs_of(tracked, "stage")
    assert report["metadata"]["headline"]["raw_value"] == "loss 0.5"
    assert report["metadata"]["loss"]["raw_value"] == 0.5
    assert report["metadata"]["mlflow_run"]["raw_value"] == f"runs:/{run.info.run_id}"
    kept = json.loads(Paths(tracked).timing("sft").read_text())["mlflow"]
    assert kept == {"experiment_id": run.info.experiment_id, "run_id": run.info.run_id}
    assert runs_of(tracked, "pipeline")[0].data.tags["medrwr.pipeline"] == "dagster-run-1"
