"""The registry after a real chain: digests are verified, promoted artefacts outlive the next run, the gate holds."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.chain.workspace import Workspace

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

WEIGHTS = "models/grpo_multimodal/model.safetensors"
GATE = "held_out_image_accuracy"


@pytest.fixture
def overwritten(chain: Workspace) -> Iterator[Workspace]:
    """The chain after another run has written other weights in the champion's place (by removing and writing anew)."""
    weights = chain.root / WEIGHTS
    content = weights.read_bytes()
    weights.unlink()
    weights.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    yield chain
    weights.unlink()
    weights.write_bytes(content)


def ask(space: Workspace, *more: str) -> Any:
    arguments = ["--question", "What is the treatment?", "--option", "kemopril", "--option", "metoral"]
    return space.attempt("medrwr", "ask", *arguments, "--json", *more)


def test_the_champion_outlives_the_next_run(overwritten: Workspace) -> None:
    done = ask(overwritten)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["trajectory"]


def test_other_weights_are_refused(overwritten: Workspace, tmp_path: Path) -> None:
    store = overwritten.root / "models/registry"
    shutil.move(store, tmp_path / "store")
    try:
        done = ask(overwritten)
    finally:
        shutil.move(tmp_path / "store", store)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("medrwr: checkpoint was registered with digest")


def test_nothing_is_pickled(chain: Workspace) -> None:
    logged = [path.name for path in (chain.root / "mlruns").rglob("*") if path.is_file()]
    assert "model_code.py" in logged
    assert not [name for name in logged if name.endswith((".pkl", ".pickle", ".pt", ".bin", ".safetensors"))]


def test_registering_again_changes_nothing(chain: Workspace) -> None:
    before = (chain.root / "reports/registration.json").read_bytes()
    done = chain.stage("register")
    assert done.returncode == 0, done.stderr
    assert (chain.root / "reports/registration.json").read_bytes() == before


def test_a_worse_version_is_registered_and_a_better_one_promoted(chain: Workspace) -> None:
    """Measured figures make the difference; the files are put back afterwards."""
    metrics = chain.root / "metrics/evaluate.json"
    kept = {path: path.read_bytes() for path in (metrics, chain.root / "reports/registration.json")}
    measured = json.loads(metrics.read_text())
    outcomes = []
    try:
        for accuracy in (measured[GATE] - 1, measured[GATE] + 1):
            metrics.write_text(json.dumps({**measured, GATE: accuracy}))
            assert chain.stage("register").returncode == 0
            record = json.loads((chain.root / "reports/registration.json").read_text())
            outcomes.append((record["version"], record["champion"], record["promoted"]))
        listed = chain.run("medrwr", "models")
        back = chain.run("medrwr", "rollback", "--why", "end of the test")
    finally:
        for path, content in kept.items():
            path.write_bytes(content)
    assert outcomes == [(2, 1, False), (3, 3, True)]
    assert "previous" in listed
    assert "version 3 -> 1" in back


@pytest.mark.parametrize("address", ["http://127.0.0.1:9", "sqlite:////dev/null/folder/mlflow.db"])
def test_registering_needs_mlflow(chain: Workspace, address: str) -> None:
    done = chain.stage("register", MLFLOW_TRACKING_URI=address, MLFLOW_HTTP_REQUEST_MAX_RETRIES="0")
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith(f"register: MLflow at {address} cannot be used")
