"""Rows as real DVC experiments on a chain of three quick stages: shared, killed, gone on with, failed (M30)."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from medrwr.config import parse
from medrwr.errors import ConfigError, ExperimentError
from pipelines.ablation.experiments import Experiment, is_done, read_lines, run_experiment, workspace_state
from pipelines.ablation.grid import Grid, Row
from pipelines.ablation.planning import plan
from pipelines.ablation.running import run
from pipelines.cli.ablate import Request, ablate

DVC_YAML = """
stages:
  shared: {cmd: python stage.py shared, deps: [stage.py], params: [base.seed], outs: [shared.txt]}
  train: {cmd: python stage.py train, deps: [shared.txt], params: [sft.epochs], outs: [model.txt]}
  evaluate: {cmd: python stage.py evaluate, deps: [model.txt], outs: [reports/evaluation]}
"""
STAGE = """
import json, os, pathlib, sys, time
stage = sys.argv[1]
with open(os.environ["STAGES_RUN"], "a") as log:
    print(stage, file=log)
text = pathlib.Path("params.yaml").read_text()
if stage == "train" and "epochs: 9" in text:
    time.sleep(60 if os.environ.get("SLOW") else 0)
if stage == "train" and os.environ.get("MEET") and "epochs: 1" not in text:
    meeting = pathlib.Path(os.environ["MEET"])
    (meeting / str(os.getpid())).touch()
    deadline = time.monotonic() + 60
    while len(list(meeting.iterdir())) < 2:
        time.sleep(0.1)
        assert time.monotonic() < deadline, "the other train did not begin"
if stage == "train" and "epochs: 3" in text:
    sys.exit("3 epochs are too many")
if stage == "evaluate":
    out = pathlib.Path("reports/evaluation"); out.mkdir(parents=True)
    right = "epochs: 9" in text
    lines = [{"rung": "grpo_multimodal", "cell": "held_out_image",
              "verdict": {"question_id": f"q{n}", "cluster": f"f{n}", "correct": right}} for n in range(4)]
    scores = {"coherence": 5, "factuality": 3, "relevance": 4, "conciseness": 4}
    judged = {"judgements": [{"question_id": "q0", "cluster": "f0", "scores": scores}]}
    (out / "findings.json").write_text(json.dumps({"judged": judged}, indent=1))
    (out / "per_question.jsonl").write_text("\\n".join(map(json.dumps, lines)))
else:
    pathlib.Path({"shared": "shared.txt", "train": "model.txt"}[stage]).write_text(text)
"""
PARAMS = """
base: {seed: 1}
sft:
  epochs: 1
evaluate: {ladder_questions_per_cell: 9, control_questions_per_cell: 9, attribution_questions: 9, scaling_questions: 9,
  trace_every: 9}
"""
GRID = Grid(
    "g",
    "G",
    (Row("one", "one"), Row("nine", "nine", {"sft.epochs": 9}), Row("again", "again", {"sft.epochs": 9})),
    reference="one",
)


@pytest.fixture
def root(tracked: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STAGES_RUN", str(tracked.parent / f"{tracked.name}.log"))
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent) + os.pathsep + os.environ["PATH"])
    (tracked / "dvc.yaml").write_text(DVC_YAML)
    (tracked / "stage.py").write_text(STAGE)
    (tracked / "params.yaml").write_text(PARAMS)
    (tracked / ".gitignore").write_text("/work\n/mlflow.db\n/mlruns\n/reports\n/shared.txt\n/model.txt\n")
    author = ("-c", "user.name=tests", "-c", "user.email=tests@localhost")
    for command in (
        ("git", "init", "-q"),
        (sys.executable, "-m", "dvc", "init", "-q"),
        ("git", "add", "."),
        ("git", *author, "commit", "-qm", "start"),
    ):
        subprocess.run(command, cwd=tracked, check=True, stdout=subprocess.DEVNULL)
    return tracked


def stages_run() -> list[str]:
    return Path(os.environ["STAGES_RUN"]).read_text().split()


def test_m30_rows_share_what_they_can_and_a_second_call_runs_nothing(root: Path) -> None:
    planned = plan(root, GRID, (1,), {})
    ended = [(fresh, results) for _, fresh, results in run(root, planned, parse({}))]
    assert [fresh for fresh, _ in ended] == [True, True]  # 'again' is the experiment of 'nine'
    assert stages_run() == ["shared", "train", "evaluate", "train", "evaluate"]
    cells = ended[-1][1].cells
    assert [cells[name]["held_out_image"].accuracy.estimate for name in ("one", "nine", "again")] == [0.0, 1.0, 1.0]
    assert json.loads((root / "reports/ablations/g.json").read_text())["reference"] == "one"

    again = [fresh for _, fresh, _ in run(root, plan(root, GRID, (1,), {}), parse({}))]
    assert again == [False, False]
    assert len(stages_run()) == 5


def test_m30_rows_at_a_time_wait_for_what_they_share(
    root: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEET", str(tmp_path_factory.mktemp("meeting")))
    grid = replace(GRID, rows=(*GRID.rows, Row("four", "four", {"sft.epochs": 4})))
    planned = plan(root, grid, (1, 2), {})
    ended = [experiment for experiment, fresh, _ in run(root, planned, parse({}), jobs=3) if fresh]
    assert {one.name for one in ended} == {one.name for one in planned.distinct}
    assert {one.overrides["base.seed"] for one in ended[:2]} == {1, 2}
    assert sorted(stages_run()) == ["evaluate"] * 6 + ["shared"] * 2 + ["train"] * 6


def test_m31_seeds_of_another_machine_are_pooled_in(root: Path) -> None:
    list(run(root, plan(root, GRID, (1,), {}), parse({})))
    kept = root / "reports/ablations/g.answers.json"
    (elsewhere,) = [kept.rename(root / "work/one.json")]
    ((*_, results),) = list(run(root, plan(root, replace(GRID, rows=GRID.rows[:1]), (2,), {}, [elsewhere]), parse({})))
    assert results.seeds == (1, 2)
    assert results.cells["one"]["held_out_image"].accuracy.questions == 8
    with pytest.raises(ConfigError, match="seed 1 is in the kept answers"):
        plan(root, GRID, (1,), {}, [elsewhere])
    with pytest.raises(ConfigError, match="row 'one' has seed 1 twice"):
        plan(root, GRID, (2,), {}, [elsewhere, elsewhere])
    with pytest.raises(ConfigError, match="of grid 'g', expected 'h'"):
        plan(root, replace(GRID, name="h"), (2,), {}, [elsewhere])
    changed = replace(GRID, rows=(GRID.rows[0], Row("nine", "nine", {"sft.epochs": 8})))
    with pytest.raises(ConfigError, match=r"row 'nine' was run with \{'sft.epochs': 9\}, not \{'sft.epochs': 8\}"):
        plan(root, changed, (2,), {}, [elsewhere])


def test_m30_a_failure_lets_those_beside_it_end(root: Path) -> None:
    grid = replace(GRID, rows=(GRID.rows[0], Row("three", "three", {"sft.epochs": 3}), GRID.rows[1]))
    planned = plan(root, grid, (1,), {})
    with pytest.raises(ExperimentError, match="3 epochs are too many"):
        list(run(root, planned, parse({}), jobs=2))
    assert [is_done(root, one) for one in planned.distinct] == [True, False, True]


def test_m30_a_row_that_is_read_at_its_end_measures_no_more(root: Path) -> None:
    ladder = Row("ladder", "ladder", {"sft.epochs": 9}, rung="sft")
    planned = plan(root, replace(GRID, rows=(*GRID.rows, ladder)), (1,), {})
    measured = {
        name: "evaluate.ladder_questions_per_cell" not in by_seed[1].overrides
        for name, by_seed in planned.experiments.items()
    }
    assert measured == {"one": True, "nine": False, "again": False, "ladder": True}


def test_m30_scores_of_the_reasoning_stand_beside_the_papers(root: Path) -> None:
    judged = replace(GRID, rows=GRID.rows[:1], judged=True)
    ((_, _, results),) = run(root, plan(root, judged, (1,), {}), parse({}))
    scores = {one.name: (one.score.estimate, one.paper) for one in results.scores}
    assert scores["factuality"] == (pytest.approx(3.0), 3.1)
    assert scores["mean"] == (pytest.approx(4.0), 3.9)
    assert "coherence: 5.00 [" in (root / "reports/ablations/g.md").read_text()


def test_m30_a_judge_that_is_not_named_is_told_before_any_stage_runs(root: Path, monkeypatch) -> None:
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    with pytest.raises(ConfigError, match="OPENAI_BASE_URL is not set"):
        ablate(Request("table14"), root)
    assert not Path(os.environ["STAGES_RUN"]).exists()


def test_m30_a_killed_row_goes_on_behind_its_finished_stages(root: Path) -> None:
    script = """
from pathlib import Path
from pipelines.ablation.experiments import Experiment, run_experiment, workspace_state
run_experiment(Path("."), Experiment({"sft.epochs": 9}, workspace_state(Path("."))))
"""
    environment = {**os.environ, "SLOW": "1", "PYTHONPATH": str(Path(__file__).resolve().parents[3])}
    process = subprocess.Popen([sys.executable, "-c", script], cwd=root, env=environment, start_new_session=True)
    log, deadline = Path(os.environ["STAGES_RUN"]), time.monotonic() + 60
    while not (log.is_file() and "train" in stages_run()):
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()

    experiment = Experiment({"sft.epochs": 9}, workspace_state(root))
    assert not is_done(root, experiment)
    run_experiment(root, experiment)
    assert stages_run() == ["shared", "train", "train", "evaluate"]
    assert [line["verdict"]["correct"] for line in read_lines(root, experiment)] == [True] * 4


def test_a_failed_row_is_told_with_its_last_lines(root: Path) -> None:
    experiment = Experiment({"sft.epochs": 3}, workspace_state(root))
    with pytest.raises(ExperimentError, match="3 epochs are too many"):
        run_experiment(root, experiment)
    assert not is_done(root, experiment)


def test_a_changed_file_is_another_experiment_and_prose_is_not(root: Path) -> None:
    before = workspace_state(root)
    (root / "README.md").write_text("words")
    assert workspace_state(root) == before
    (root / "params.yaml").write_text("base: {seed: 2}\nsft:\n  epochs: 1\n")
    assert workspace_state(root) != before
    assert Experiment({"a": 1}, before).name == Experiment({"a": 1}, before).name != Experiment({"a": 2}, before).name


def test_no_repository_is_told(tmp_path: Path) -> None:
    with pytest.raises(ExperimentError, match="need a git repository with a commit"):
        workspace_state(tmp_path)
