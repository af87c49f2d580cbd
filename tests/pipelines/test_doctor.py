"""`medrwr doctor`: what is missing is named with its remedy, and nothing that is missing hides the rest."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from rich.console import Console

from medrwr.errors import TrackingError
from medrwr.serving.references import refer
from pipelines.cli.doctor import doctor
from pipelines.doctor import Finding, examine
from pipelines.doctor.machine import _satisfies, check_onnxruntime, check_packages, check_python
from pipelines.doctor.stores import check_champion, check_mlflow, check_remote
from pipelines.tracking.store import open_store
from pipelines.versions import REFERENCES_TAG
from tests.pipelines.workspaces import make_workspace


def findings(root: Path) -> dict[str, Finding]:
    return {one.need: one for one in examine(root)}


def git(root: Path, *command: str) -> None:
    identity = ("-c", "user.name=a", "-c", "user.email=a@b")
    subprocess.run(["git", *identity, *command], cwd=root, check=True, capture_output=True)


@pytest.fixture
def prepared(tmp_path: Path) -> Path:
    """A git and DVC workspace with a checkpoint, in which no stage ran."""
    root = make_workspace(tmp_path)
    git(root, "init", "-q")
    subprocess.run([sys.executable, "-m", "dvc", "init", "-q"], cwd=root, check=True)
    (root / "models/base").mkdir(parents=True)
    (root / "models/base/model.safetensors").write_bytes(b"weights")
    (root / "medrwr").mkdir()
    git(root, "commit", "-q", "--allow-empty", "-m", "first")
    return root


def test_this_environment_is_the_one_that_the_package_asks_for() -> None:
    assert [check().verdict for check in (check_python, check_packages, check_onnxruntime)] == ["ok"] * 3


def test_a_package_of_another_version_or_none_does_not_satisfy() -> None:
    asked = Requirement("dvc==3.67.1")
    assert _satisfies(asked, {"dvc": "3.67.1"})
    assert not _satisfies(asked, {"dvc": "3.66.0"})
    assert not _satisfies(asked, {"dvc": None})


def test_a_prepared_workspace_misses_nothing_and_says_what_would_run(prepared: Path) -> None:
    found = findings(prepared)
    assert {name for name, one in found.items() if one.verdict == "missing"} == set()
    assert found["stages"].found == "2 of 2 to run: clinic, sft"
    assert "dvc remote add" in found["dvc remote"].remedy
    subprocess.run(
        [sys.executable, "-m", "dvc", "remote", "add", "-q", "-d", "store", "store"], cwd=prepared, check=True
    )
    assert findings(prepared)["dvc remote"] == Finding("dvc remote", "ok", "store")


def test_an_empty_folder_misses_each_thing_with_a_remedy(tmp_path: Path) -> None:
    found = findings(tmp_path)
    missing = {name: one.remedy for name, one in found.items() if one.verdict == "missing"}
    stores = {"dvc remote", "mlflow", "champion's files"}
    assert {"git", "parameters", "accelerator", "base checkpoint", "stages"} | stores == set(missing)
    assert all(missing.values())
    assert found["python"].verdict == "ok"


def test_a_mistyped_parameter_does_not_hide_the_stages(prepared: Path) -> None:
    (prepared / "params.yaml").write_text("base: {sed: 3}\nsft: {epochs: 4}\n")
    found = findings(prepared)
    assert "did you mean 'seed'" in found["parameters"].remedy
    assert found["git"].verdict == "ok"


def test_a_base_checkpoint_without_weights_is_missing(prepared: Path) -> None:
    (prepared / "models/base/model.safetensors").unlink()
    assert findings(prepared)["base checkpoint"].verdict == "missing"


def test_an_mlflow_server_that_does_not_answer_is_missing(prepared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{prepared}/no/folder/mlflow.db")
    assert check_mlflow(prepared).verdict == "ok"  # made by the first run
    (prepared / "broken.db").write_text("this is no database, and nothing that could be taken for one")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{prepared}/broken.db")
    with pytest.raises(TrackingError, match="MLFLOW_TRACKING_URI"):
        check_mlflow(prepared)
    assert findings(prepared)["mlflow"].verdict == "missing"


@pytest.mark.parametrize(
    ("url", "verdict", "found"),
    [
        ("gs://bucket/data", "missing", "gs needs dvc-gs"),
        ("../store", "ok", "far"),
    ],
)
def test_a_remote_that_cannot_be_reached_is_told(prepared: Path, url: str, verdict: str, found: str) -> None:
    subprocess.run([sys.executable, "-m", "dvc", "remote", "add", "-q", "-d", "far", url], cwd=prepared, check=True)
    finding = check_remote(prepared)
    assert finding.verdict == verdict
    assert found in finding.found


def test_a_champion_whose_files_are_gone_is_told(prepared: Path, tracked: Path) -> None:
    assert tracked == prepared  # one folder of this test, with an empty mlflow.db
    assert check_champion(prepared).found == "no champion yet"
    store = open_store(prepared)
    store.client.create_registered_model("med-rwr")
    reference = refer("checkpoint", "models/base", workspace=prepared)
    tags = {REFERENCES_TAG: json.dumps([asdict(reference)])}
    store.client.create_model_version("med-rwr", "file:///nowhere", tags=tags)
    store.client.set_registered_model_alias("med-rwr", "champion", "1")
    assert check_champion(prepared).verdict == "ok"
    (prepared / "models/base/model.safetensors").write_bytes(b"others")
    finding = check_champion(prepared)
    assert (finding.verdict, finding.found) == ("missing", "version 1 (champion) is not complete")
    assert "was registered with digest" in finding.remedy


def test_json_is_a_list_of_findings_and_missing_is_told(
    prepared: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    stream = io.StringIO()
    assert doctor(as_json=True, root=prepared, console=Console(file=stream, width=120))
    assert {"need", "verdict", "found", "remedy"} == set(json.loads(stream.getvalue())[0])
    assert not doctor(root=tmp_path_factory.mktemp("empty"), console=Console(file=stream, width=120))
