"""The small instances of the benchmarks that measure a whole chain, on the chain that these tests share."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks.learning_bars import Pool, bars, read_verdicts
from tests.benchmarks.learning_page import write_page
from tests.chain.workspace import REPOSITORY, Workspace

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]


def last_json(command: list[str]) -> dict[str, Any]:
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert isinstance(found, dict)
    return found


def test_chain_benchmark_on_a_tiny_workspace(chain: Workspace) -> None:
    """Times depend on who else is on the machine: here only what must be exact is judged."""
    figures = last_json([sys.executable, "-m", "tests.benchmarks.chain", "--workspace", str(chain.root)])
    assert (figures["stages_run_again"], figures["status_clean"]) == (0, 1)
    assert 0 < figures["noop_repro"] < 60
    assert 0 < figures["medrwr_help"] < 10
    assert 0 < figures["peak_memory"] < 8192


def test_learning_benchmark_pools_a_tiny_seed(chain: Workspace, tmp_path: Path) -> None:
    """Bars are worked out by hand in tests/benchmarks/test_learning.py; here they are read from a real run."""
    rows = read_verdicts(chain.root / "reports/evaluation/per_question.jsonl")
    pool = Pool()
    pool.add(7, rows)
    found = bars(pool, slowest=90.0)
    assert {bar.name for bar in found} >= {"sft_protocol_validity", "second_query_two_hops", "cdir_over_no_cdir"}
    assert all(bar.line().endswith(("ok", "MISSED")) for bar in found)
    page = write_page(tmp_path, pool, found, {7: 90.0}).read_text(encoding="utf-8")
    assert all(bar.name in page for bar in found)


def test_calibration_benchmark_on_a_tiny_workspace(chain: Workspace, tmp_path: Path) -> None:
    """A policy trained for moments: the figures are there, and answers that were kept are read again."""
    command = [sys.executable, "-m", "tests.benchmarks.calibration", "--small", "--only", "cdir", "--keep"]
    command += [str(tmp_path), "--workspace", str(chain.root)]
    figures = last_json(command)
    assert figures["chains"] == 1
    assert 0 <= figures["cdir_accuracy_at_2_cases"] <= 1
    kept = {file.name: file.stat().st_mtime_ns for file in tmp_path.rglob("*.jsonl")}
    assert {"calibration-first.jsonl", "test-second-2.jsonl"} <= set(kept)
    assert last_json(command) == figures
    assert {file.name: file.stat().st_mtime_ns for file in tmp_path.rglob("*.jsonl")} == kept
