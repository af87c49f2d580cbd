"""A run's folder: killed and continued, refused to another run, no line lost and none doubled."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from medrwr.errors import ArtefactError
from medrwr.evaluation.runs.answered import Answered, answered_closed
from medrwr.evaluation.runs.folder import PER_QUESTION, RUN, Claim, RunFolder, read_claim
from tests.evaluation.fakes import question, trajectory

CLAIM = Claim("tiny", {"checkpoint": "a" * 64}, {"medqa": "b" * 64}, {"seed": 0, "params": {"index": {"top_k": 3}}})


def answered(number: int, letter: str | None = "A") -> Answered:
    asked = question(number)
    return answered_closed("medqa", asked, trajectory(asked, letter, query="ring", passages=("p",)), f"c{number}")


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    assert folder.begin(CLAIM) == []
    folder.append([answered(0), answered(1, None)])
    folder.append([answered(2, "B")])
    assert RunFolder(tmp_path / "run").begin(CLAIM) == [answered(0), answered(1, None), answered(2, "B")]
    assert read_claim(tmp_path / "run") == CLAIM


def test_a_line_that_broke_off_is_asked_again(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.begin(CLAIM)
    folder.append([answered(0), answered(1)])
    file = tmp_path / PER_QUESTION
    file.write_bytes(file.read_bytes()[:-40])
    assert folder.begin(CLAIM) == [answered(0)]
    folder.append([answered(1)])
    assert folder.begin(CLAIM) == [answered(0), answered(1)]


@pytest.mark.parametrize(
    ("other", "where"),
    [
        (replace(CLAIM, digests={"checkpoint": "c" * 64}), r"digests.checkpoint \(aaaaaaaaaaaa.. there, cccccccc"),
        (replace(CLAIM, benchmarks={"medqa": "b" * 64, "bioasq": "d"}), r"benchmarks.bioasq \(nothing there, d now"),
        (
            replace(CLAIM, settings={"seed": 0, "params": {"index": {"top_k": 5}}}),
            r"settings.params.index.top_k \(3 there, 5",
        ),
    ],
)
def test_another_run_is_refused(tmp_path: Path, other: Claim, where: str) -> None:
    folder = RunFolder(tmp_path)
    folder.begin(CLAIM)
    folder.append([answered(0)])
    with pytest.raises(ArtefactError, match=where):
        folder.begin(other)
    assert folder.begin(CLAIM) == [answered(0)]


def test_another_name_of_the_same_model_is_the_same_run(tmp_path: Path) -> None:
    RunFolder(tmp_path).begin(CLAIM)
    assert RunFolder(tmp_path).begin(replace(CLAIM, model="models:/med-rwr@champion")) == []


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ArtefactError, match="holds no run"):
        RunFolder(tmp_path).begin(CLAIM)
    with pytest.raises(ArtefactError, match="holds no run"):
        read_claim(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["notes.txt"]


def test_damage_is_named(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.begin(CLAIM)
    folder.append([answered(0), answered(0)])
    with pytest.raises(ArtefactError, match=r"per_question\.jsonl:2 repeats 'q0'"):
        folder.begin(CLAIM)
    (tmp_path / PER_QUESTION).write_text('{"benchmark": "medqa"}\n')
    with pytest.raises(ArtefactError, match=r"per_question.jsonl:1 is no answer of a run \(form"):
        folder.begin(CLAIM)
    (tmp_path / RUN).write_text("{")
    with pytest.raises(ArtefactError, match=r"run\.json is damaged"):
        folder.begin(CLAIM)
