"""A GRPO stage on several processes: who starts whom, and who tracks."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
from pathlib import Path

import kubernetes_validate
import pytest

from medrwr.config import Params, parse
from medrwr.errors import ConfigError, EngineError
from pipelines import launching
from pipelines.launch_kubernetes import manifest_of
from pipelines.launch_plan import LaunchPlan
from pipelines.launch_ray import launch_on_ray
from pipelines.launching import be_alone, is_first, launch, launch_plan
from pipelines.runner import run_stage
from pipelines.stage import StageResult
from tests.pipelines.workspaces import install_stage, make_workspace

REPOSITORY = Path(__file__).resolve().parents[2]
TWO = parse({"base": {"device": "cpu"}, "grpo_text": {"processes": 2}})


def planned(stage: str, params: Params) -> int:
    plan = launch_plan(stage, params)
    return plan.processes if plan else 0


def of(**settings: object) -> Params:
    return parse({"base": {"device": "cpu"}, "grpo_text": settings})


def test_only_a_grpo_stage_that_asks_for_it_is_launched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    assert planned("grpo_text", TWO) == 2
    assert planned("grpo_multimodal", TWO) == 0
    assert planned("sft", TWO) == 0
    every = of(processes=0)
    assert planned("grpo_text", every) == 0  # one for each accelerator: none here
    monkeypatch.setattr(launching, "_accelerators", lambda _: 8)
    assert planned("grpo_text", every) == 8
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert planned("grpo_text", TWO) == 0  # launched already


def test_every_node_runs_the_same_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    plan = launch_plan("grpo_text", of(launcher="torchrun", nodes=2, processes=4, rendezvous="node0:29500"))
    assert plan is not None
    assert " ".join(plan.on_node(python="python")) == (
        "python -m pipelines.torch_launcher --nnodes 2 --rdzv_backend c10d --rdzv_endpoint node0:29500 "
        "--rdzv_id medrwr-grpo_text --nproc_per_node 4 -m pipelines grpo_text"
    )
    assert "--standalone" in (launch_plan("grpo_text", TWO) or plan).on_node()


def test_nodes_that_nobody_could_start_are_refused() -> None:
    with pytest.raises(ConfigError, match="nodes is 2: set launcher to torchrun, ray or kubernetes"):
        of(nodes=2)
    with pytest.raises(ConfigError, match="torchrun needs rendezvous"):
        of(nodes=2, launcher="torchrun")


def test_two_processes_of_torchs_launcher_meet(tmp_path: Path) -> None:
    plan = launch_plan("grpo_text", TWO)
    assert plan is not None
    command = plan.on_node(module=("tests.pipelines.meeting", str(tmp_path)))
    subprocess.run(command, cwd=REPOSITORY, env=os.environ | {"PYTHONPATH": str(REPOSITORY)}, check=True)
    assert sorted(path.read_text() for path in tmp_path.iterdir()) == ["rank 0 of 2: 3", "rank 1 of 2: 3"]


@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="the extra `ray` is not installed")
def test_ray_starts_the_same_launcher(tmp_path: Path) -> None:
    plan = launch_plan("grpo_text", of(launcher="ray", processes=2))
    assert plan is not None
    assert launch_on_ray(plan, root=REPOSITORY, module=("tests.pipelines.meeting", str(tmp_path))) == 0
    assert len(list(tmp_path.iterdir())) == 2


def test_a_job_is_valid_for_kubernetes_and_asks_for_gpus() -> None:
    plan = LaunchPlan("kubernetes", "grpo_text", 8, nodes=2, accelerators=True)
    for one in manifest_of(plan)["items"]:
        kubernetes_validate.validate(one, "1.32", strict=True)
    job = manifest_of(plan)["items"][1]["spec"]
    (container,) = job["template"]["spec"]["containers"]
    assert (job["completions"], container["resources"]["limits"]["nvidia.com/gpu"]) == (2, 8)
    assert "medrwr-grpo-text-0.medrwr-grpo-text:29500" in container["args"]


def test_without_kubectl_the_manifest_is_left_to_apply(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    plan = LaunchPlan("kubernetes", "grpo_text", 1)
    with pytest.raises(EngineError, match=r"kubectl is not on PATH: install it, or apply .*job.json by hand"):
        launch(plan, root=tmp_path)
    assert json.loads((tmp_path / "work/grpo_text/job.json").read_text()) == manifest_of(plan)


def test_a_cluster_that_cannot_be_reached_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "kubectl").write_text("#!/bin/sh\necho 'connection refused' >&2\nexit 1\n")
    (tmp_path / "kubectl").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(EngineError, match=r"connection refused: check `kubectl config current-context`"):
        launch(LaunchPlan("kubernetes", "grpo_text", 1), root=tmp_path)


@pytest.mark.parametrize(("condition", "code"), [("Complete", 0), ("Failed", 1)])
def test_a_job_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, condition: str, code: int) -> None:
    """kubectl's answers, as the API server gives them."""
    status = json.dumps({"status": {"conditions": [{"type": condition, "status": "True"}]}})
    (tmp_path / "kubectl").write_text(f"#!/bin/sh\necho '{status}'\n")
    (tmp_path / "kubectl").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert launch(LaunchPlan("kubernetes", "grpo_text", 1), root=tmp_path) == code


def test_deepspeed_alone_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RANK", "LOCAL_RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.setenv(name, "x")
        monkeypatch.delenv(name)
    be_alone()
    assert (os.environ["WORLD_SIZE"], os.environ["RANK"]) == ("1", "0")
    assert is_first()
    port = os.environ["MASTER_PORT"]
    be_alone()
    assert os.environ["MASTER_PORT"] == port


def test_a_process_that_is_not_the_first_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_stage(monkeypatch, "index", lambda _: StageResult({"rows": 1.0}, "trained along"))
    monkeypatch.setenv("RANK", "1")
    workspace = make_workspace(tmp_path)
    assert run_stage("index", root=workspace).headline == "trained along"
    assert not (tmp_path / "metrics").exists()
    assert not (tmp_path / "work/timings").exists()
