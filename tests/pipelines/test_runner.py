"""One stage as one process: exit codes, metrics, timing, seeds, errors."""

from __future__ import annotations

import errno
import json
import os
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from medrwr.errors import ArtefactError
from pipelines.catalogue import STAGES
from pipelines.params import read_yaml
from pipelines.paths import Paths
from pipelines.runner import run_from_command_line, run_stage
from pipelines.stage import StageContext, StageResult
from tests.pipelines.workspaces import install_stage, make_workspace

REPOSITORY = Path(__file__).resolve().parents[2]


def test_the_catalogue_names_the_stages_of_dvc_yaml() -> None:
    assert set(STAGES) == set(read_yaml(REPOSITORY / "dvc.yaml")["stages"])


def test_a_stage_leaves_metrics_and_a_timing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(context: StageContext) -> StageResult:
        assert context.paths.plots("index").is_dir()
        return StageResult({"rows": 12, "bad": float("nan")}, "12 rows")

    install_stage(monkeypatch, "index", run)
    assert run_from_command_line("index", root=make_workspace(tmp_path)) == 0
    paths, printed = Paths(tmp_path), capsys.readouterr()
    assert paths.metrics("index").read_text() == '{\n  "bad": null,\n  "rows": 12\n}\n'
    timing = json.loads(paths.timing("index").read_text())
    assert timing["headline"] == "12 rows"
    assert timing["seconds"] >= 0
    assert timing["peak_mb"] > 10
    assert printed.out.startswith("index: 12 rows (")
    assert "not finite, written as null: bad" in printed.err


def test_the_seed_reaches_python_and_numpy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[tuple[float, float]] = []

    def run(_context: StageContext) -> StageResult:
        drawn.append((random.random(), float(np.random.random())))  # noqa: NPY002 - the seeded global is meant
        return StageResult({}, "")

    install_stage(monkeypatch, "index", run)
    for seed in (3, 3, 4):
        run_stage("index", root=make_workspace(tmp_path, f"base: {{seed: {seed}}}\n"))
    assert drawn[0] == drawn[1] != drawn[2]


@pytest.mark.parametrize(
    ("stage", "source", "message"),
    [
        ("grpo_txt", None, "did you mean 'grpo_text'?"),
        ("zzz", None, "known are clinic, base_model"),
        ("knowledge_base", None, "needs --source, one of clinic"),
        ("knowledge_base", "clinc", "did you mean 'clinic'?"),
        ("index", "clinic", "only knowledge_base has sources"),
    ],
)
def test_a_bad_command_ends_with_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], stage: str, source: str | None, message: str
) -> None:
    assert run_from_command_line(stage, source=source, root=make_workspace(tmp_path)) == 1
    printed = capsys.readouterr().err
    assert message in printed
    assert printed.count("\n") == 1


def test_bad_parameters_stop_before_any_work(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = make_workspace(tmp_path, "index: {topk: 3}\n")
    assert run_from_command_line("index", root=root) == 1
    assert "index.topk is unknown: did you mean 'top_k'?" in capsys.readouterr().err
    assert not (root / "metrics").exists()


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ArtefactError("x is missing:\nrun y"), "index: x is missing: run y\n"),
        (OSError(errno.ENOSPC, "No space left on device", "data/x"), "index: no disk space is left at data/x"),
        (KeyboardInterrupt(), "index: interrupted: run the same command again"),
    ],
)
def test_an_error_becomes_one_line_and_no_metrics(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    message: str,
) -> None:
    def run(_context: StageContext) -> StageResult:
        raise error

    install_stage(monkeypatch, "index", run)
    assert run_from_command_line("index", root=make_workspace(tmp_path)) != 0
    printed = capsys.readouterr().err
    assert printed.startswith(message)
    assert printed.count("\n") == 1
    assert not (tmp_path / "metrics/index.json").exists()


def test_a_full_disk_is_told_by_whoever_meets_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """/dev/full answers every write with 'no space left': here to the metrics, there to a native library's words."""

    def run(_context: StageContext) -> StageResult:
        return StageResult({"rows": 1}, "1 row")

    def native(_context: StageContext) -> StageResult:
        raise RuntimeError("LanceError(IO): No space left on device (os error 28)")

    root = make_workspace(tmp_path)
    (root / "metrics").mkdir()
    (root / "metrics/index.json.tmp").symlink_to("/dev/full")
    for stage in (run, native):
        install_stage(monkeypatch, "index", stage)
        assert run_from_command_line("index", root=root) == 1
        assert capsys.readouterr().err.startswith("index: no disk space is left")
    assert not (root / "metrics/index.json").exists()


def test_an_error_of_ours_keeps_its_traceback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(_context: StageContext) -> StageResult:
        raise ZeroDivisionError

    install_stage(monkeypatch, "index", run)
    with pytest.raises(ZeroDivisionError):
        run_from_command_line("index", root=make_workspace(tmp_path))


def test_the_order_of_sets_is_the_same_in_every_process() -> None:
    """`python -m pipelines` starts itself again with a fixed hash seed, arguments kept."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONHASHSEED"}
    command = [sys.executable, "-m", "pipelines", "no_such_stage"]
    done = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "stage 'no_such_stage' is unknown" in done.stderr
