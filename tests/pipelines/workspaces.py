"""A small workspace, and a stage that does next to nothing."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.stage import StageContext, StageResult

DVC_YAML = """
stages:
  clinic: {cmd: python -m pipelines clinic, outs: [data/clinic]}
  sft: {cmd: python -m pipelines sft, deps: [data/clinic, medrwr], params: [base.seed, sft], outs: [models/sft]}
"""
DVC_LOCK = """
schema: '2.0'
stages:
  clinic: {cmd: python -m pipelines clinic, outs: [{path: data/clinic, md5: abc123.dir}]}
"""


def make_workspace(root: Path, params: str = "base: {seed: 3}\nsft: {epochs: 4}\n") -> Path:
    """params.yaml, dvc.yaml and a dvc.lock in which stage `clinic` has run."""
    (root / "params.yaml").write_text(params)
    (root / "dvc.yaml").write_text(DVC_YAML)
    (root / "dvc.lock").write_text(DVC_LOCK)
    return root


def install_stage(monkeypatch: pytest.MonkeyPatch, name: str, run: Callable[[StageContext], StageResult]) -> None:
    """Let `run` be the stage called `name`."""
    module = types.ModuleType(f"pipelines.{name}")
    module.run = run  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, f"pipelines.{name}", module)
