"""A GRPO stage on several processes: who starts whom, and who tracks."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from medrwr.config import parse
from pipelines import launching
from pipelines.launching import be_alone, is_first, processes_to_launch
from pipelines.runner import run_stage
from pipelines.stage import StageResult
from tests.pipelines.workspaces import install_stage, make_workspace

TWO = parse({"base": {"device": "cpu"}, "grpo_text": {"processes": 2}})


def test_only_a_grpo_stage_that_asks_for_it_is_launched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    assert processes_to_launch("grpo_text", TWO) == 2
    assert processes_to_launch("grpo_multimodal", TWO) == 0
    assert processes_to_launch("sft", TWO) == 0
    every = parse({"base": {"device": "cpu"}, "grpo_text": {"processes": 0}})
    assert processes_to_launch("grpo_text", every) == 0  # one for each accelerator: none here
    monkeypatch.setattr(launching, "_accelerators", lambda _: 8)
    assert processes_to_launch("grpo_text", every) == 8
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert processes_to_launch("grpo_text", TWO) == 0  # launched already


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
