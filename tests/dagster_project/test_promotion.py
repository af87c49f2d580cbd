"""Promotion and rollback as Dagster jobs on a real registry."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict
from pathlib import Path

import dagster as dg
import pytest
from mlflow.tracking import MlflowClient

from dagster_project.promotion import build_promotion_jobs
from dagster_project.resources import DvcRunner
from medrwr.serving.references import refer
from pipelines.promoting import REQUIRED
from pipelines.versions import REFERENCES_TAG

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def registered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, MlflowClient]:
    """Two complete versions, and a third without its index."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    shutil.copy(REPOSITORY / "params.yaml", tmp_path)
    for name in REQUIRED:
        (tmp_path / name).write_text(name)
    client = MlflowClient(f"sqlite:///{tmp_path}/mlflow.db", f"sqlite:///{tmp_path}/mlflow.db")
    client.create_registered_model("med-rwr")
    for names in (REQUIRED, REQUIRED, [name for name in REQUIRED if name != "index"]):
        references = json.dumps([asdict(refer(name, name, workspace=tmp_path)) for name in names])
        client.create_model_version("med-rwr", "file:///nowhere", tags={REFERENCES_TAG: references})
    return tmp_path, client


def test_jobs_move_the_alias_back_and_forth(registered: tuple[Path, MlflowClient]) -> None:
    root, client = registered
    promote, rollback = build_promotion_jobs()
    resources = {"dvc": DvcRunner(workspace=str(root))}

    def give(version: str) -> dg.ExecuteInProcessResult:
        config = dg.RunConfig(ops={"promote_version": {"config": {"version": version, "why": "seen in the UI"}}})
        return promote.execute_in_process(run_config=config, resources=resources, raise_on_error=False)

    assert give("1").success
    assert give("2").success
    refused = give("3")
    assert not refused.success
    [failure] = [event for event in refused.all_events if event.is_step_failure]
    assert "has no index" in str(failure.step_failure_data.user_failure_data)
    config = dg.RunConfig(ops={"roll_back": {"config": {"why": "wrong on CT"}}})
    assert rollback.execute_in_process(run_config=config, resources=resources).success
    assert str(client.get_model_version_by_alias("med-rwr", "champion").version) == "1"
    moves = [json.loads(text) for name, text in sorted(client.get_registered_model("med-rwr").tags.items())]
    assert [(move["to_version"], move["why"]) for move in moves] == [
        ("1", "seen in the UI"),
        ("2", "seen in the UI"),
        ("1", "wrong on CT"),
    ]
