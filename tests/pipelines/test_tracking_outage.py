"""A real MLflow server killed in the middle of a stage: the stage ends, and the next one tells what is missing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from mlflow.tracking import MlflowClient

from pipelines.runner import run_stage
from pipelines.stage import StageContext, StageResult
from pipelines.tracking import tracker
from tests.infra.cluster import free_port, process
from tests.pipelines.workspaces import install_stage, make_workspace


def serve(root: Path, port: int) -> list[str]:
    where = ["--backend-store-uri", f"sqlite:///{root / 'mlflow.db'}", "--artifacts-destination", str(root / "kept")]
    return [sys.executable, "-m", "mlflow", "server", "--port", str(port), "--workers", "1", *where]


def test_a_server_killed_in_the_middle_loses_no_number(
    tracked: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    root, port = make_workspace(tracked), free_port()
    address = f"http://127.0.0.1:{port}"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    monkeypatch.setattr(tracker, "FLUSH_INTERVAL_S", 0.0)

    servers: list[subprocess.Popen[bytes]] = []

    def train(context: StageContext) -> StageResult:
        context.sink.log({"loss": 0.9}, step=0)
        os.killpg(servers[0].pid, signal.SIGKILL)
        context.sink.log({"loss": 0.5}, step=1)
        context.sink.log({"loss": 0.2}, step=2)
        return StageResult({"loss": 0.2}, "loss 0.2")

    install_stage(monkeypatch, "sft", train)
    with process(root / "first.log", f"{address}/health", serve(root, port), {}) as server:
        servers.append(server)
        assert run_stage("sft", root=root).metrics == {"loss": 0.2}
    warning = capsys.readouterr().err
    assert warning.count(f"warning: MLflow at {address} cannot be used") == 1
    assert len(list((root / "work/tracking").glob("*.jsonl"))) == 1

    install_stage(monkeypatch, "sft", lambda context: StageResult({"loss": 0.1}, "loss 0.1"))
    with process(root / "second.log", f"{address}/health", serve(root, port), {}):
        run_stage("sft", root=root)
        client = MlflowClient(address)
        (experiment,) = [found for found in client.search_experiments() if found.name == "medrwr"]
        runs = client.search_runs([experiment.experiment_id], "tags.`medrwr.role` = 'stage'", order_by=["start_time"])
        told = [(point.step, point.value) for point in client.get_metric_history(runs[0].info.run_id, "loss")]
    assert [run.info.status for run in runs] == ["FINISHED", "FINISHED"]
    assert sorted(told) == [(0, 0.2), (0, 0.9), (1, 0.5), (2, 0.2)]  # each once; step 0's second is the summary
    assert not list((root / "work/tracking").glob("*.jsonl"))
