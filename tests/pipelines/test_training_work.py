"""The work folder of a training stage is of its own parameters, starting model and files, and of nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from medrwr.config import Params, parse
from medrwr.errors import ConfigError
from medrwr.sinks import NullSink
from pipelines.grpo import _deepspeed_file
from pipelines.paths import Paths
from pipelines.stage import StageContext
from pipelines.training import work_folder


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    (tmp_path / "models/base").mkdir(parents=True)
    (tmp_path / "models/base/model.safetensors").write_bytes(b"weights")
    (tmp_path / "questions.jsonl").write_text("{}\n")
    return tmp_path


def digest(workspace: Path, params: Params, stage: str = "sft") -> str:
    context = StageContext(params, Paths(workspace), NullSink())
    files = (workspace / "questions.jsonl",)
    return work_folder(context, stage, previous="base", sections=("base", stage), files=files).digest


def test_a_run_may_go_on_with_more_patience_and_elsewhere(workspace):
    start = digest(workspace, parse({}), "grpo_text")
    patient = {"collective_timeout_s": 60, "rendezvous": "node1:29500"}
    assert digest(workspace, parse({"grpo_text": patient}), "grpo_text") == start
    assert digest(workspace, parse({"grpo_text": {"steps": 5}}), "grpo_text") != start


def test_digest_follows_what_the_stage_depends_on(workspace):
    start = digest(workspace, parse({}))
    assert digest(workspace, parse({"evaluate": {"bootstrap_samples": 200}})) == start
    assert digest(workspace, parse({"sft": {"epochs": 5}})) != start
    (workspace / "questions.jsonl").write_text("{} \n")
    other_file = digest(workspace, parse({}))
    (workspace / "models/base/model.safetensors").write_bytes(b"other")
    assert len({start, other_file, digest(workspace, parse({}))}) == 3


def test_deepspeed_names_a_committed_file(workspace):
    (workspace / "infra/deepspeed").mkdir(parents=True)
    (workspace / "infra/deepspeed/zero2.json").write_text("{}")
    context = StageContext(parse({}), Paths(workspace), NullSink())
    for name in ("zero2", "zero2.json"):
        settings = parse({"grpo_text": {"deepspeed": name}}).grpo_text
        assert _deepspeed_file(context, settings) == str(workspace / "infra/deepspeed/zero2.json")
    with pytest.raises(ConfigError, match=r"expected a file of infra/deepspeed \(there: zero2\)"):
        _deepspeed_file(context, parse({"grpo_text": {"deepspeed": "zero9"}}).grpo_text)
