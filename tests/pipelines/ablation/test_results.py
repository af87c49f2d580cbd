"""A grid's numbers by hand, and its table (M30, M31)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pipelines.ablation.confidences import changes_of
from pipelines.ablation.grid import Grid, Row
from pipelines.ablation.report import write_report
from pipelines.ablation.results import measure, pool
from pipelines.ablation.tables import as_json, html, markdown

GRID = Grid(
    "t",
    "Table T",
    (
        Row("less", "with <less>", {"a.b": 1}, paper={"MMMU-H&M": 61.25}),
        Row("full", "all of it", paper={"MMMU-H&M": 65.5}),
        Row("later", "not run", {"a.b": 2}),
    ),
    reference="full",
)
CELL = "held_out_image"


def lines(right: int, questions: int = 20, rung: str = "grpo_multimodal") -> list[dict[str, Any]]:
    """The first `right` are right; each question is a fact."""
    return [
        {
            "rung": rung,
            "cell": CELL,
            "verdict": {"question_id": f"q{n}", "cluster": f"f{n}", "correct": n < right},
        }
        for n in range(questions)
    ]


def results(less: dict[int, int], full: dict[int, int]):
    answers = {
        row.name: pool(row, {seed: lines(right) for seed, right in by_seed.items()})
        for row, by_seed in zip(GRID.rows, (less, full), strict=False)
    }
    return measure(GRID, answers, sorted(full), samples=200, level=0.95)


def test_m30_a_difference_is_paired_with_the_reference() -> None:
    """8 of 20 against 16 of 20: 40%, 80%, -40 points; 8 lost and none gained: p = 2 x .5^8."""
    found = results({7: 8}, {7: 16}).cells
    less, full = found["less"][CELL], found["full"][CELL]
    assert (less.accuracy.estimate, full.accuracy.estimate) == (0.4, 0.8)
    assert full.difference is None
    assert less.difference is not None
    assert less.difference.interval.estimate == pytest.approx(-0.4)
    assert (less.difference.gained, less.difference.lost) == (0, 8)
    assert less.adjusted_p == pytest.approx(2 * 0.5**8)
    assert "later" not in found


def test_m31_questions_of_two_seeds_are_different_questions() -> None:
    """10 and 14 of 20: 24 of 40 over 40 facts."""
    accuracy = results({1: 10, 2: 14}, {1: 20, 2: 20}).cells["less"][CELL].accuracy
    assert (accuracy.estimate, accuracy.questions, accuracy.clusters) == (0.6, 40, 40)


def test_only_the_rows_own_rung_is_read() -> None:
    row = Row("cdir", "x", rung="cdir")
    assert pool(row, {7: [*lines(1), *lines(2, rung="cdir")]})[CELL]["7/q1"] == ("7/f1", True)
    assert pool(row, {7: lines(1)}) == {}


def test_m30_the_papers_figures_stand_beside_ours() -> None:
    text = markdown(results({7: 8}, {7: 16}))
    assert "| row | paper: MMMU-H&M | held out, image |" in text
    (line,) = [line for line in text.splitlines() if line.startswith("| with <less> ")]
    assert line.startswith("| with <less> | 61.2 | 40.0 [")
    assert "; -40.0 [" in line
    assert "| not run | - | not run yet |" in text


def test_m30_confidence_before_and_after_a_second_look() -> None:
    """Asked again: .4 -> .5 and .2 -> .6, mean .3 -> .55, +.25; who was not asked again does not count."""
    line = {"cell": CELL, "first": "A", "second": "B", "asked": True}
    looks = [
        {**line, "question_id": "1", "first_probs": [0.4, 0.6], "second_probs": [0.5, 0.5]},
        {**line, "question_id": "2", "first_probs": [0.2, 0.8], "second_probs": [0.4, 0.6]},
        {**line, "question_id": "3", "first_probs": [0.9, 0.1], "second_probs": [0.1, 0.9], "asked": False},
        {**line, "question_id": "4", "first_probs": [0.1, 0.9], "second": None, "second_probs": []},
    ]
    (change,) = changes_of({7: looks}, samples=200, level=0.95)
    assert (change.before, change.after) == (pytest.approx(0.3), pytest.approx(0.55))
    assert (change.gain.estimate, change.gain.questions) == (pytest.approx(0.25), 2)
    assert change.text.startswith(
        "held out, image: mean confidence of the 2 questions asked again 0.30 -> 0.55, +0.25 ["
    )


def test_the_page_escapes_and_the_json_reads_back() -> None:
    found = results({7: 8}, {7: 16})
    assert "with &lt;less&gt;" in html(found)
    assert "<less>" not in html(found)
    first = json.loads(json.dumps(as_json(found)))["rows"][0]
    assert (first["overrides"], first["cells"][CELL]["accuracy"]["estimate"]) == ({"a.b": 1}, 0.4)


def test_the_evaluation_and_all_grids_are_one_page(tmp_path: Path) -> None:
    evaluation, folder = tmp_path / "evaluation.html", tmp_path / "ablations"
    folder.mkdir()
    assert write_report(folder, evaluation) is None
    evaluation.write_text("<body>\n<h1>Evaluation</h1>\n<h2>How it was measured</h2><ul></ul>\n</body>")
    assert write_report(folder, evaluation) is None
    (folder / "t.html").write_text(html(results({7: 8}, {7: 16})))
    for _ in range(2):  # a page made before is not a grid
        written = write_report(folder, evaluation)
    assert written is not None
    text = written.read_text()
    assert text.count("<h1>") == text.count("<body>") == text.count("<h3>Table T</h3>") == 1
    assert text.index("<h2>Ablations</h2>") < text.index("<svg") < text.index("<h2>How it was measured</h2>")
    assert "with &lt;less&gt;" in text
