"""The real chain, from nothing to a champion that answers."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from dagster_project.automation import JOB
from dagster_project.graph import read_graph
from dagster_project.project import build_definitions
from tests.chain.workspace import Workspace, make_tiny_workspace

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

NO_ROUTE = ["unshare", "--user", "--map-root-user", "--net"]
PREDICT = """
import json, sys
import mlflow
import pandas as pd

mlflow.set_tracking_uri("sqlite:///mlflow.db")
model = mlflow.pyfunc.load_model("models:/med-rwr@champion")
print(json.dumps(model.predict(pd.DataFrame(json.loads(sys.argv[1])))))
"""


def test_every_stage_left_its_outs_metrics_and_timing(chain: Workspace) -> None:
    for node in read_graph(chain.root):
        missing = [out for out in node.outs if not (chain.root / out).exists()]
        assert not missing, f"{node.name} did not leave {missing}"
        for path in node.metrics:
            assert json.loads((chain.root / path).read_text()), path
        if not node.frozen:
            timing = json.loads((chain.root / "work/timings" / f"{node.name.replace('@', '_')}.json").read_text())
            assert timing["seconds"] > 0
            assert timing["headline"]


def test_the_run_touches_no_tracked_file_but_the_lock(chain: Workspace) -> None:
    changed = chain.run("git", "status", "--porcelain", "--untracked-files=all").splitlines()

    assert {line.split()[-1] for line in changed} <= {"dvc.lock"}


def test_the_champion_answers_an_image_question_from_the_registry(chain: Workspace) -> None:
    question = image_question(chain)
    row = {
        "question": question["text"],
        "options": question["options"],
        "image": str(chain.root / "data/clinic" / question["images"][0]),
    }

    (reply,) = json.loads(chain.run(sys.executable, "-c", PREDICT, json.dumps([row])).splitlines()[-1])

    letters = "ABCD"[: len(question["options"])]
    assert reply["answer"] in (*letters, "")
    assert 0 <= reply["confidence"] <= 1
    # a policy trained for moments may break off before its answer block: then no option has a probability
    assert sum(reply["option_probs"]) == pytest.approx(1 if reply["option_probs"] else 0, abs=1e-3)
    assert reply["trajectory"]
    assert all(source["text"] for source in reply["sources"])


def test_medrwr_ask_gives_the_same_answer_as_json(chain: Workspace) -> None:
    question = image_question(chain)
    options = [part for option in question["options"] for part in ("--option", option)]
    image = str(chain.root / "data/clinic" / question["images"][0])
    ask = ["medrwr", "ask", "--image", image, "--question", question["text"], *options]

    reply = json.loads(chain.run(*ask, "--json"))
    text = chain.run(*ask)

    assert {"answer", "confidence", "trajectory", "sources"} <= set(reply)
    assert reply["answer"] in text


def test_a_second_run_runs_nothing_and_needs_no_network(chain: Workspace) -> None:
    lock = (chain.root / "dvc.lock").read_bytes()
    command = [sys.executable, "-m", "dvc", "repro"]
    namespace = NO_ROUTE if subprocess.run([*NO_ROUTE, "true"], check=False).returncode == 0 else []

    output = chain.run(*namespace, *command)

    assert "Running stage" not in output
    assert (chain.root / "dvc.lock").read_bytes() == lock
    assert "up to date" in chain.dvc("status")


def test_dagster_sees_that_dvc_has_done_everything_and_its_checks_pass(
    chain: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = (chain.root / "dvc.lock").read_bytes()
    monkeypatch.chdir(chain.root)

    result = build_definitions(chain.root).resolve_job_def(JOB).execute_in_process()

    done = [event.materialization for event in result.get_asset_materialization_events()]
    assert {item.metadata["skipped"].value for item in done} == {True}
    assert len(done) == sum(not node.frozen for node in read_graph(chain.root))
    evaluations = result.get_asset_check_evaluations()
    assert {item.check_name for item in evaluations if item.severity.value == "ERROR" and not item.passed} == set()
    assert {"answer_is_an_option", "passage_length"} <= {item.check_name for item in evaluations}
    assert (chain.root / "dvc.lock").read_bytes() == lock
    assert "up to date" in chain.dvc("status")


def test_dagster_from_nothing_leaves_the_lock_that_dvc_leaves_and_dvc_sees_its_work(
    chain: Workspace, tmp_path: Path
) -> None:
    """Same seed, same machine: same bytes. LanceDB names its files at random; there the manifests' digests agree."""
    other = make_tiny_workspace(tmp_path / "workspace")
    other.run("dagster", "job", "execute", "-m", "dagster_project.definitions", "-j", JOB)

    assert "up to date" in other.dvc("status")
    assert "Running stage" not in other.dvc("repro")
    assert _stages_of(other) == _stages_of(chain)


def _stages_of(space: Workspace) -> dict[str, object]:
    stages = YAML(typ="safe").load((space.root / "dvc.lock").read_text(encoding="utf-8"))["stages"]
    for stage in stages.values():
        stage["outs"] = [out for out in stage.get("outs", []) if out["path"] not in ("data/index", "data/case_index")]
    assert {"index", "grpo_multimodal", "evaluate"} <= set(stages)
    return dict(stages)


def test_summary_names_every_stage(chain: Workspace) -> None:
    text = chain.run("medrwr", "summary")

    assert all(node.name.split("@")[0] in text for node in read_graph(chain.root))


def image_question(chain: Workspace) -> dict[str, Any]:
    rows = (chain.root / "data/clinic/questions/test.jsonl").read_text().splitlines()
    found: dict[str, Any] = next(row for row in map(json.loads, rows) if row["images"])
    return found
