"""Stage `curate` and `medrwr stratify`: two policies grade questions (M13); a second run opens no policy."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from medrwr.config import parse
from medrwr.errors import ArtefactError, ConfigError
from medrwr.policy.loading import save_policy
from medrwr.policy.tiny import build_tiny_policy
from medrwr.records import read_records, write_records
from medrwr.sinks import NullSink
from medrwr.types import Question
from pipelines import curate
from pipelines.cli.stratify import Request, stratify_questions
from pipelines.paths import Paths
from pipelines.stage import StageContext
from tests.rollout.world import corpus, draw_images, question

QUESTIONS = [replace(question(number % 4, image=number > 7), question_id=f"q{number}") for number in range(12)]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("workspace")
    for seed, stage in enumerate(("base", "sft")):
        policy = build_tiny_policy(corpus(), seed=seed, vocab_size=640, width=64, layers=1, heads=2)
        save_policy(policy, Paths(root).model(stage))
    Paths(root).clinic.mkdir(parents=True)
    draw_images(Paths(root).clinic)
    write_records(Paths(root).questions("rl_image"), QUESTIONS)
    (root / "params.yaml").write_text("base: {device: cpu}\n")
    return root


def run(request: Request) -> str:
    stream = io.StringIO()
    stratify_questions(request, Console(file=stream, width=160, color_system=None))
    return stream.getvalue()


def test_m13_the_stage_grades_by_two_policies_and_goes_on_where_it_was(workspace: Path) -> None:
    params = parse({"base": {"device": "cpu"}, "curate": {"rollouts": 4}})
    context = StageContext(params, Paths(workspace), NullSink())
    first = curate.run(context).metrics
    assert first["easy"] + first["hard"] + first["always_right"] == 12
    made = (Paths(workspace).curated / "rl_image.jsonl").read_bytes()
    counted = (Paths(workspace).curated / "histogram.csv").read_text().splitlines()[1:]
    assert sum(int(line.split(",")[1]) for line in counted) == 12
    kept = Paths(workspace).work("curate")
    before = {file.name: file.read_bytes() for file in kept.iterdir()}
    assert sorted(before) == ["base.jsonl", "sft.jsonl"]
    assert curate.run(context).metrics == first
    assert (Paths(workspace).curated / "rl_image.jsonl").read_bytes() == made
    assert {file.name: file.read_bytes() for file in kept.iterdir()} == before


def test_any_two_policies_grade_a_file_of_questions(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(workspace)
    folder = str(Path("models/sft"))
    request = Request(Paths().questions("rl_image"), Path("out"), ("base", folder), images=Paths().clinic, rollouts=3)
    said = run(request)
    graded, bad = read_records(Path("out/questions.jsonl"), Question)
    assert not bad
    assert {one.difficulty for one in graded} <= {"easy", "hard"}
    rows = Path("out/accuracy.csv").read_text().splitlines()
    assert rows[0] == 'question_id,accuracy,difficulty,"base","models/sft"'
    assert len(rows) == 13
    assert sorted(file.name for file in Path("out/answers").iterdir()) == ["base.jsonl", "models-sft.jsonl"]
    assert said.splitlines()[0] == "accuracy  questions"
    assert run(request) == said


def test_what_cannot_be_done_stops_before_any_work(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(workspace)
    request = Request(Paths().questions("rl_image"), Path("none"), ("base", "base"))
    with pytest.raises(ConfigError, match="each once"):
        run(request)
    with pytest.raises(ConfigError, match="guess"):
        run(replace(request, policies=("base",), mode="guess"))
    with pytest.raises(ArtefactError, match="does not exist"):
        run(replace(request, questions=Path("none.jsonl"), policies=("base",)))
    assert not Path("none").exists()
