"""What is wrong with a benchmark's data ends in a clear error, a counted exclusion, or a note: no silent number.

Another model's completions stand in for a model: the data are what is tried here.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from medrwr.errors import ArtefactError, MedrwrError, SampleError
from medrwr.types import Question
from pipelines.cli.eval import Request
from pipelines.cli.eval import run as evaluate
from tests.evaluation.fakes import question
from tests.pipelines.workspaces import make_workspace

MEDQA = {"question": "Which?", "options": {"A": "flu", "B": "gout"}, "answer_idx": "B", "answer": "gout"}
MEDXPERTQA = {"id": "Text-1", "question": "Which?", "options": {"A": "flu", "B": "gout"}, "label": "B"}


@pytest.fixture
def score(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    """Scores "The answer is A." for every question of the lines given; returns the benchmark's figures."""
    monkeypatch.chdir(make_workspace(tmp_path))

    def run(benchmark: str, lines: list[Any], *, name: str = "test.jsonl") -> dict[str, Any]:
        (tmp_path / "data").mkdir()
        text = "".join(f"{line if isinstance(line, str) else json.dumps(line, ensure_ascii=False)}\n" for line in lines)
        (tmp_path / "data" / name).write_text(text, encoding="utf-8")
        rows = [{"question_id": f"q{n}", "completion": "The answer is A."} for n in range(20)]
        (tmp_path / "given.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        path = tmp_path / "data" / name if benchmark == "clinic" else tmp_path / "data"
        folder = evaluate(Request((benchmark,), (str(path),), completions=Path("given.jsonl")))
        found: dict[str, Any] = json.loads((folder / "summary.json").read_text())["benchmarks"][0]
        return found

    return run


def lines_of(*questions: Question) -> list[dict[str, Any]]:
    return [asdict(one) for one in questions]


def test_every_record_is_accounted_for(score: Callable[..., dict[str, Any]]) -> None:
    """Two good ones; a missing image, an answer outside the options, an id twice, one option, no JSON."""
    good = lines_of(question(0), question(1, answer=1))
    outside, one_option = asdict(question(3)) | {"answer": 7}, asdict(question(4)) | {"options": ["a"], "answer": 0}
    found = score("clinic", [*good, asdict(question(2, image=True)), outside, good[0], one_option, "{broken"])
    assert found["records"] == 7
    assert (found["closed"]["score"]["questions"], found["closed"]["score"]["right"]) == (2, 1)
    reasons = " | ".join(f"{count} {reason}" for reason, count in found["excluded"].items())
    assert sum(found["excluded"].values()) == 5
    assert "1 repeats an id" in reasons
    assert "image .. is missing" in reasons
    assert "has answer 7, expected an index below 4" in reasons
    assert "has 1 options, expected 2 to 10" in reasons


@pytest.mark.parametrize("lines", [[], ["", ""], [{}], ["{broken"], [asdict(question(2, image=True))]])
def test_0_usable_questions_are_an_error(score: Callable[..., dict[str, Any]], lines: list[Any]) -> None:
    with pytest.raises((ArtefactError, SampleError), match="no usable"):
        score("clinic", lines)


@pytest.mark.parametrize(
    ("benchmark", "line", "message"),
    [
        ("medqa", {"query": "Which?", "choices": ["flu", "gout"], "gold": 1}, "no usable record.*has no `question`"),
        ("medxpertqa-text", {"qid": "Text-1", "stem": "Which?", "choices": {}}, r"has no `id` \(fields: qid, stem"),
        ("medmcqa", {"q": "Which?", "a": "flu", "b": "gout", "answer": 1}, "no usable"),
        ("pmc-vqa", {"Question": "Which?"}, "no file"),
        ("vqa-rad", {"question_id": 1, "question": "Which?"}, "JSON files, expected VQA-RAD's one"),
    ],
)
def test_another_years_field_names_are_told(
    score: Callable[..., dict[str, Any]], benchmark: str, line: dict[str, Any], message: str
) -> None:
    name = "dev.jsonl" if benchmark == "medmcqa" else "test.jsonl"
    with pytest.raises(MedrwrError, match=message):
        score(benchmark, [line], name=name)


def test_a_few_of_another_year_are_left_out_and_counted(score: Callable[..., dict[str, Any]]) -> None:
    found = score("medxpertqa-text", [MEDXPERTQA, {"id": "Text-2", "stem": "Which?"}, MEDXPERTQA | {"id": "Text-3"}])
    assert found["closed"]["score"]["questions"] == 2
    assert sum(found["excluded"].values()) == 1


def test_an_answer_outside_the_options_is_left_out(score: Callable[..., dict[str, Any]]) -> None:
    found = score("medqa", [MEDQA, MEDQA | {"question": "Which now?", "answer_idx": "F", "answer": "none"}])
    assert found["closed"]["score"]["questions"] == 1
    assert sum(found["excluded"].values()) == 1


def test_one_class_alone_is_told(score: Callable[..., dict[str, Any]]) -> None:
    found = score("clinic", lines_of(*(question(n) for n in range(4))))
    assert found["closed"]["accuracy"]["estimate"] == 1.0
    assert found["closed"]["accuracy"]["method"] == "exact binomial over clusters"
    assert found["closed"]["accuracy"]["lower"] < 0.5
    assert found["notes"][0].startswith("all 4 right answers are A")


def test_mixed_languages_are_scored_apart_and_told(score: Callable[..., dict[str, Any]]) -> None:
    chinese = [replace(question(n, answer=1), text="肺部有结节吗？") for n in (2, 3)]
    found = score("clinic", lines_of(question(0), question(1), *chinese))
    assert {script: one["estimate"] for script, one in found["closed"]["by_script"].items()} == {
        "Han": 0.0,
        "Latin": 1.0,
    }
    assert any(note.startswith("questions in 2 writing systems") for note in found["notes"])
