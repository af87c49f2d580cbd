"""What the checks find in splits, indexes, calibration and benchmarks; each table against planted defects."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from dagster_project.checks import tables_of
from dagster_project.expectations import Verdict, validate
from dagster_project.proof_tables import (
    calibration_table,
    coverage_table,
    read_regression,
    recall_table,
)
from dagster_project.split_tables import drift_table, overlaps_table, shares
from dagster_project.tables import CheckedTable, questions_table, read_questions
from pipelines.answers import write_answers
from pipelines.paths import Paths

REPOSITORY = Path(__file__).resolve().parents[2]


def question(name: str, **changes: Any) -> dict[str, Any]:
    base: dict[str, Any] = {"question_id": name, "text": f"Which drug, {name}?", "options": ["aa", "bb", "cc"]}
    rest = {"answer": 1, "images": [], "modality": "ct", "kind": "treatment", "fact_id": name, "split": "x", "seed": 7}
    return base | rest | {"explanation": "", "hops": 1, "difficulty": "", "source": "clinic"} | changes


def write(root: Path, split: str, rows: list[dict[str, Any]]) -> None:
    file = Paths(root).questions(split)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))


def verdicts(table: CheckedTable, folder: Path) -> dict[str, Verdict]:
    found, page = validate(table.name, table.load(), table.expectations, folder / table.name, key=table.key)
    assert page.is_file()
    return {item.name: verdict for item, verdict in zip(table.expectations, found, strict=True)}


def test_failing_rows_are_named_with_what_is_wrong(tmp_path: Path) -> None:
    images = tmp_path / "data/clinic/images"
    images.mkdir(parents=True)
    Image.new("L", (64, 64), 3).save(images / "good.png")
    (images / "cut.png").write_bytes((images / "good.png").read_bytes()[:60])
    rows = [question("q0", images=["images/good.png"]), question("q1", images=["images/cut.png"])]
    write(tmp_path, "test", [*rows, question("q2", answer=3)])
    found = verdicts(questions_table(tmp_path), tmp_path)

    [row] = found["images_readable"].failing
    assert row["id"] == "q1"
    assert row["unreadable"].startswith("cut.png: ")
    [row] = found["answer_is_an_option"].failing
    assert (row["id"], row["answer"], row["options"]) == ("q2", "3", "['aa', 'bb', 'cc']")
    assert found["images_exist"].passed


def test_an_item_that_training_gives_away_is_found(tmp_path: Path) -> None:
    long = "A man of forty with fever, a cough and night sweats asks which of these drugs he should get first"
    write(tmp_path, "rl_text", [question("r0", text=long), question("r1")])
    write(tmp_path, "test", [question("t0", text=long), question("t1", text="Something else?")])
    verdict = verdicts(overlaps_table(tmp_path), tmp_path)["splits_disjoint"]

    assert not verdict.passed
    assert [(row["id"], row["given_away_by"], row["kind"]) for row in verdict.failing] == [("t0", "r0", "text")]
    assert overlaps_table(tmp_path).expectations[0].blocking


def test_drift_is_measured_against_the_first_questions(tmp_path: Path) -> None:
    """From 50/50 to 90/10: .4 ln(.9/.5) + (-.4) ln(.1/.5) = .235 + .644 = .879, over .25."""
    write(tmp_path, "test", [question(f"q{n}", answer=n % 2, modality="ct" if n < 5 else "mr") for n in range(10)])
    assert verdicts(drift_table(tmp_path), tmp_path)["question_drift"].passed
    write(tmp_path, "test", [question(f"q{n}", answer=n % 2, modality="ct" if n < 9 else "mr") for n in range(10)])
    verdict = verdicts(drift_table(tmp_path), tmp_path)["question_drift"]

    [row] = verdict.failing
    assert row["id"] == "modality"
    assert float(row["stability_index"]) == pytest.approx(0.8789, abs=1e-4)
    assert row["most_changed"] == "mr: 50.0% -> 10.0%"
    assert shares(read_questions(tmp_path))["answer"] == {"0": 0.5, "1": 0.5}


def test_answers_that_no_passage_has_are_uncovered(tmp_path: Path) -> None:
    """1 of 10 questions without its answer is 90%: allowed; the row is named all the same."""
    write(tmp_path, "test", [question(f"q{n}", options=["x", "nothing" if n == 3 else "Kemopril"]) for n in range(10)])
    folder = Paths(tmp_path).knowledge_base("clinic")
    folder.mkdir(parents=True)
    (folder / "passages.jsonl").write_text(json.dumps({"passage_id": "p", "text": "Give kemopril."}) + "\n")
    verdict = verdicts(coverage_table(tmp_path), tmp_path)["knowledge_base_coverage"]

    assert verdict.passed
    assert [(row["id"], row["right_answer"]) for row in verdict.failing] == [("q3", "nothing")]


@pytest.mark.parametrize(("ece", "recall", "passed"), [(0.1, 0.6, True), (0.11, 0.59, False)])
def test_recall_and_calibration_have_limits(tmp_path: Path, ece: float, recall: float, passed: bool) -> None:
    shutil.copy(REPOSITORY / "params.yaml", tmp_path)
    (tmp_path / "metrics").mkdir()
    Paths(tmp_path).metrics("index").write_text(json.dumps({"hybrid_recall_at_3": recall, "rows": 2}))
    measured = {"ece_after": ece, "auroc": 0.7, "nll_before": 1.0, "nll_after": 0.5}
    Paths(tmp_path).metrics("calibrate").write_text(json.dumps(measured))
    quality = verdicts(calibration_table(tmp_path), tmp_path)["calibration_quality"]
    found = verdicts(recall_table(tmp_path), tmp_path)["index_recall"]

    assert (quality.passed, found.passed) == (passed, passed)
    assert (quality.rows, found.rows) == (3, 1)
    if not passed:
        assert [(row["id"], row["most"]) for row in quality.failing] == [("ece_after", "0.1")]


def test_a_benchmark_worse_than_the_champions_is_named(tmp_path: Path) -> None:
    shutil.copy(REPOSITORY / "params.yaml", tmp_path)
    paths = Paths(tmp_path)
    before = {name: {f"q{n}": (f"f{n}", True) for n in range(20)} for name in ("image", "text")}
    paths.champion_answers.parent.mkdir(parents=True)
    paths.champion_answers.write_text(write_answers(before))
    rows = [
        {"rung": "grpo_multimodal", "cell": cell, "verdict": {"question_id": key, "cluster": fact, "correct": right}}
        for cell, right in (("image", False), ("text", True))
        for key, (fact, _) in before[cell].items()
    ]
    paths.evaluation.mkdir(parents=True)
    (paths.evaluation / "per_question.jsonl").write_text("\n".join(map(json.dumps, rows)))
    found = read_regression(tmp_path)

    assert list(found["worse"]) == [True, False]
    assert found["finding"][0].startswith("image is significantly worse: -100.0 points on 20 questions")
    paths.champion_answers.unlink()
    assert not read_regression(tmp_path)["worse"].any()


def test_only_what_would_be_trained_on_blocks(tmp_path: Path) -> None:
    shutil.copy(REPOSITORY / "params.yaml", tmp_path)
    blocking = {
        item.name: item.blocking
        for stage in ("clinic", "knowledge_base@clinic", "index", "calibrate", "evaluate")
        for table in tables_of(stage, tmp_path)
        for item in table.expectations
    }
    assert len(blocking) == 15
    warnings = {name for name, blocks in blocking.items() if not blocks}
    assert warnings == {
        "answer_positions",
        "question_drift",
        "passage_length",
        "knowledge_base_coverage",
        "index_recall",
        "calibration_quality",
        "no_regression",
    }
    assert tables_of("register", tmp_path) == ()
