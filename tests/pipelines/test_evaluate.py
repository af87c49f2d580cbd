"""Stage `evaluate`: from trajectories to metrics and files (M28-M31). The rollouts are plain records."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest

from medrwr.calibration.artefact import Calibration, Digests
from medrwr.config import Params
from medrwr.evaluation.case_scaling import CaseScaling, scaling_charts, scaling_section
from medrwr.evaluation.examples import IMPROVED, Example
from medrwr.evaluation.ladder import Resampling, assemble, chance_of
from medrwr.evaluation.scorer import by_choice
from medrwr.evaluation.statistics import bootstrap_mean
from medrwr.records import read_records
from medrwr.rollout.cdir import Reretrieval
from medrwr.rollout.confidence import ConfidenceMap, ConfidenceScale
from medrwr.sinks import NullSink
from pipelines.evaluate import judge_rungs
from pipelines.evaluation_output import print_ladder, write_outputs
from pipelines.failures import failure_metrics
from pipelines.findings import finding_metrics, findings_of
from pipelines.measures import Evaluated, metrics_of
from pipelines.paper_table import paper_section
from pipelines.paths import Paths
from pipelines.rungs import COMPARED, FINAL, RUNGS, rule_of
from pipelines.second_looks import CDIR
from pipelines.stage import StageContext
from tests.evaluation.fakes import question, trajectory

CALIBRATION = Calibration(1.0, 0.5, "budget", Digests("a", "b", "c"))


def evaluated() -> Evaluated:
    """20 questions, gold A: the final model is right on 15, each earlier rung on 2 of 10.

    Without retrieval it is right on 5; on the others it writes no option, and leans to the right one in 3 more.
    """
    questions = [question(n, fact=f"f{n}", image=True) for n in range(20)]

    def play(right: int, asked: int = 20):
        return {
            "held_out_image": [
                trajectory(q, "A" if n < right else "B", confidence=0.75, query="ring", passages=("Give kemopril.",))
                for n, q in enumerate(questions[:asked])
            ]
        }

    played = {rung.name: play(2, 10) for rung in RUNGS}
    played |= {"no_retrieval": play(5), "question_as_query": play(6), FINAL: play(15), CDIR: play(16)}
    guesses = [(0.4, 0.2, 0.2, 0.2) if n < 8 else (0.2, 0.4, 0.2, 0.2) for n in range(20)]
    invented = [trajectory(q, None, probs=probs) for q, probs in zip(questions, guesses, strict=True)]
    played["no_retrieval"] = {"held_out_image": [*play(5)["held_out_image"][:5], *invented[5:]]}
    played["base"] = {"held_out_image": [trajectory(q, None if n else "A") for n, q in enumerate(questions[:10])]}
    cells = {"held_out_image": questions}
    verdicts = judge_rungs(cells, played)
    chance = {cell: chance_of(asked) for cell, asked in cells.items()}
    choices = {rung: {cell: by_choice(one) for cell, one in judged.items()} for rung, judged in verdicts.items()}
    ladder, read = (
        assemble(RUNGS, judged, compare=COMPARED, chance=chance, resampling=Resampling(samples=300, seed=7))
        for judged in (verdicts, choices)
    )
    cut = {"answer_cut": [1, ""]}
    firsts = [replace(one, extras=cut) for one in played[FINAL]["held_out_image"]]
    looks = {"held_out_image": [Reretrieval(firsts[0], played[CDIR]["held_out_image"][15], firsts[0])]}
    looks["held_out_image"] += [Reretrieval(one, None, one) for one in firsts[1:]]
    return Evaluated(cells, played, verdicts, ladder, read, CALIBRATION, looks)


@pytest.fixture
def context(tmp_path: Path) -> StageContext:
    return StageContext(Params(), Paths(tmp_path), NullSink())


def test_metrics_by_hand():
    metrics = metrics_of(evaluated())
    assert metrics["questions"] == 20
    assert metrics["base_valid_rate"] == 0.1
    assert metrics["held_out_image_accuracy"] == 0.75
    assert metrics["held_out_image_no_retrieval"] == 0.25
    assert metrics["held_out_image_gain"] == 0.5
    assert 0 < metrics["held_out_image_gain_lower"] < 0.5 < metrics["held_out_image_gain_upper"] < 1
    assert metrics["held_out_image_gain_mcnemar_p"] == pytest.approx(2 / 2**10)  # ten gained, none lost
    assert metrics["held_out_image_no_retrieval_choice"] == 0.4
    assert metrics["held_out_image_choice_gain"] == pytest.approx(0.35)
    assert metrics["held_out_image_cdir_accuracy"] == 0.8
    assert metrics["held_out_image_cdir_gain"] == pytest.approx(0.05)
    assert metrics["held_out_image_cdir_over_random"] == pytest.approx(0.8)  # of the first 10, 10 against 2
    assert metrics["accuracy_sft_held_out_image"] == 0.2
    assert metrics["ece_raw"] == pytest.approx(0.0, abs=1e-9)  # .75 confident, right in 15 of 20
    assert metrics["auroc"] == 0.5


def test_the_gate_finds_its_metric():
    assert Params().register_.gate_metric in metrics_of(evaluated())


def test_everything_is_written_and_the_same_again(context, tmp_path):
    data = evaluated()
    write_outputs(context, data, metrics_of(data), findings_of(data))
    folder = context.paths.evaluation
    first = {path: path.read_bytes() for path in sorted(tmp_path.rglob("*")) if path.is_file()}
    names = {path.name for path in folder.iterdir()}
    assert names == {
        "findings.json",
        "ladder.json",
        "ladder.md",
        "report.html",
        "examples.jsonl",
        "per_question.jsonl",
        "second_looks.jsonl",
    }
    write_outputs(context, data, metrics_of(data), findings_of(data))
    assert {path: path.read_bytes() for path in first} == first
    assert str(tmp_path).encode() not in b"".join(first.values())


def test_every_question_of_every_rung_has_a_line(context):
    data = evaluated()
    write_outputs(context, data, metrics_of(data), findings_of(data))
    lines = (context.paths.evaluation / "per_question.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    assert len(rows) == 11 * 10 + 4 * 20
    assert sum(row["verdict"]["correct"] for row in rows if row["rung"] == FINAL) == 15


def test_m32_every_wrong_answer_has_a_kind_in_its_line_and_in_the_counts(context):
    data = evaluated()
    write_outputs(context, data, metrics_of(data), findings_of(data))
    rows = [json.loads(line) for line in (context.paths.evaluation / "per_question.jsonl").read_text().splitlines()]
    assert all(bool(row["failure"]) != row["verdict"]["correct"] for row in rows)
    metrics = failure_metrics(findings_of(data).failures)
    assert metrics[f"failures_{FINAL}_integration"] == 5  # "Give kemopril." was read, and B answered
    assert metrics[f"failures_{CDIR}_integration"] == 4
    assert sum(metrics.values()) == 9
    assert (
        "| Image stage, own query | held out, image | 20 | 5 | 0 | 5 |"
        in (context.paths.evaluation / "ladder.md").read_text()
    )


def test_both_answers_of_a_question_are_kept(context):
    data = evaluated()
    write_outputs(context, data, metrics_of(data), findings_of(data))
    rows = [json.loads(line) for line in (context.paths.evaluation / "second_looks.jsonl").read_text().splitlines()]
    assert len(rows) == 20
    assert (rows[0]["first"], rows[0]["second"], rows[0]["asked"]) == ("A", "A", False)
    assert rows[0]["first_probs"] == pytest.approx([0.75, 1 / 12, 1 / 12, 1 / 12])
    assert (rows[1]["second"], rows[1]["second_probs"]) == (None, [])


def test_m30_the_papers_figures_stand_beside_ours():
    section = paper_section(evaluated().ladder)
    rows = {row[0]: row[1:] for row in section.rows}
    assert section.header[1:] == (
        *("paper: MedXpertQA-MM", "paper: MMMU-H&M", "paper: MMMU-Pro 10", "paper: ECBench"),
        "ours: held out, image",
    )
    assert rows["base, no training"] == ("22.4", "56.5", "31.8", "40.4", "20.0%")
    assert rows["Med-RwR"] == ("27.2", "65.5", "43.7", "51.1", "75.0%")
    assert rows["Med-RwR + CDIR"][-1] == "80.0%"
    assert "image stage only" not in rows  # it needs another training run


def test_m26_accuracy_by_the_number_of_cases_is_a_table_and_a_curve():
    interval = bootstrap_mean([1, 0, 1, 1], ["a", "b", "c", "d"], samples=100)
    rows = (CaseScaling(0, 0, interval), CaseScaling(8, 3, interval))
    found = findings_of(evaluated(), scaling=rows)
    assert finding_metrics(found)["accuracy_similar_cases_8"] == 0.75
    assert scaling_section(rows).rows[1][:3] == ("8", "4", "3")
    (chart,) = scaling_charts(rows)
    assert (chart.series[0].points, chart.x_range) == (((0.0, 0.75), (8.0, 0.75)), (0.0, 8.0))
    assert scaling_charts(()) == ()


def test_m31_flips_and_copied_words_are_counted(context):
    data = evaluated()
    write_outputs(context, data, metrics_of(data), findings_of(data))
    found = json.loads((context.paths.evaluation / "findings.json").read_text())
    flips = {(one["first"], one["second"]): one for one in found["flips"]}
    assert [flips["no_retrieval", FINAL][name] for name in ("kept_right", "gained", "lost")] == [5, 10, 0]
    assert flips[FINAL, CDIR]["wrong_alike"] == 4
    assert finding_metrics(findings_of(data))["query_copy_rate"] == 0.0  # "ring" stands in no question


def test_questions_whose_number_of_options_calibration_did_not_see_are_noted(context):
    fitted = replace(CALIBRATION, scale=ConfidenceScale(by_options={5: ConfidenceMap("platt")}))
    data = replace(evaluated(), calibration=fitted)
    write_outputs(context, data, metrics_of(data), findings_of(data))
    assert "Image questions with 4 options: calibration saw none" in (
        context.paths.evaluation / "report.html"
    ).read_text(encoding="utf-8")


def test_examples_are_records_of_right_and_wrong(context):
    data = evaluated()
    write_outputs(context, data, metrics_of(data), findings_of(data))
    examples, bad = read_records(context.paths.evaluation / "examples.jsonl", Example)
    assert bad == []
    assert [example.correct for example in examples] == [True, False, True, True]
    assert [example.why for example in examples[2:]] == [IMPROVED, IMPROVED]  # since SFT
    assert all(example.calibrated for example in examples)


def test_plots_have_their_columns(context):
    data = evaluated()
    write_outputs(context, data, metrics_of(data), findings_of(data))
    with (context.paths.plots("evaluate") / "ladder.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert [row["held_out_image"] for row in rows if row["rung"] == FINAL] == ["0.75"]
    names = {path.name for path in context.paths.plots("evaluate").iterdir()}
    assert names == {"failures.csv", "ladder.csv", "reliability.csv", "risk_coverage.csv"}


def test_the_table_shows_every_rung(capsys):
    print_ladder(evaluated().ladder)
    shown = capsys.readouterr().out
    assert all(rung.label in shown for rung in RUNGS)
    assert "75.0% [" in shown


def test_m27_the_calibration_is_the_rule():
    rule = rule_of(Calibration(2.0, 0.6, "budget", Digests("a", "b", "c"), similar_cases=3, arbitration="new"))
    assert (rule.threshold, rule.scale.pooled.temperature, rule.k, rule.arbitration) == (0.6, 2.0, 3, "new")
