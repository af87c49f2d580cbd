"""The gate beyond its target: question by question, calibration, latency, overlap; and the card."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from medrwr.config import RegisterSettings
from medrwr.serving.references import Reference
from pipelines.answers import answers_of, read_answers, write_answers
from pipelines.evidence import FILE, RUN_TAG, evidence_of
from pipelines.gate import Decision, Evidence, restrict, weigh
from pipelines.model_card import model_card
from pipelines.paths import Paths
from pipelines.promotion import METRIC_TAG
from pipelines.tracking.store import open_store

GATE = RegisterSettings()
FINE = {"ece_calibrated": 0.05, "answer_seconds": 0.1}


def answers(right: int, wrong: int) -> dict[str, dict[str, tuple[str, bool]]]:
    """One benchmark, each question a fact of its own; the first `right` are right."""
    return {"held_in": {f"q{n:03d}": (f"fact{n}", n < right) for n in range(right + wrong)}}


def test_a_benchmark_that_lost_is_an_objection() -> None:
    """90 to 60 of 100, nothing gained: -30 points, each resample far below zero; McNemar's p is 2 x .5^30."""
    weighed = weigh(Evidence(FINE, answers(60, 40)), Evidence(FINE, answers(90, 10)), GATE)
    assert len(weighed.objections) == 1
    assert "held_in is significantly worse: -30.0 points on 100 questions" in weighed.objections[0]
    assert "McNemar p 1.9e-09" in weighed.objections[0]


def test_a_loss_within_chance_is_none() -> None:
    """One question less of 100: resamples that leave it out show no loss at all."""
    weighed = weigh(Evidence(FINE, answers(89, 11)), Evidence(FINE, answers(90, 10)), GATE)
    assert weighed.objections == ()
    assert "1 benchmarks compared question by question, 0 significantly worse" in weighed.remarks


def test_only_common_questions_are_compared() -> None:
    other = {"held_in": {"another": ("fact", True)}, "new": {"q": ("fact", True)}}
    weighed = weigh(Evidence(FINE, other), Evidence(FINE, answers(5, 5)), GATE)
    assert weighed.objections == ()
    assert "no common questions in held_in, new" in weighed.remarks


@pytest.mark.parametrize(
    ("challenger", "objection"),
    [
        ({"ece_calibrated": 0.07, "answer_seconds": 1.2}, None),  # on both bounds: .05 + .02, 2 x .1 + 1
        ({"ece_calibrated": 0.0701, "answer_seconds": 0.1}, "ece_calibrated is 0.0701, over 0.02 more than"),
        ({"ece_calibrated": 0.05, "answer_seconds": 1.21}, "answer_seconds is 1.2100, over 2 times, and 1 s,"),
    ],
)
def test_calibration_and_latency_have_bounds(challenger: dict[str, float], objection: str | None) -> None:
    objections = weigh(Evidence(challenger), Evidence(FINE), GATE).objections
    assert bool(objections) == (objection is not None)
    assert objection is None or objections[0].startswith(objection)


def test_the_bounds_are_parameters() -> None:
    """Within .05 + .1 of calibration; over 1 x .1 + 0 s of latency."""
    loose = GATE.model_copy(update={"calibration_slack": 0.1, "latency_factor": 1.0, "latency_slack_s": 0.0})
    slower = {"ece_calibrated": 0.15, "answer_seconds": 0.11}
    (objection,) = weigh(Evidence(slower), Evidence(FINE), loose).objections
    assert objection == "answer_seconds is 0.1100, over 1 times, and 0 s, the champion's 0.1000"


@pytest.mark.parametrize(("level", "objections"), [(0.95, 0), (0.5, 1)])
def test_the_level_of_a_loss_is_a_parameter(level: float, objections: int) -> None:
    """Eight lost, three won of 100, -5 +- 3.3 (one deviation): the 95% interval reaches past zero, the 50% does not."""
    now = {"b": {f"q{n:03d}": (f"f{n}", n not in range(9)) for n in range(100)}}
    before = {"b": {f"q{n:03d}": (f"f{n}", n not in {8, 9, 10, 11}) for n in range(100)}}
    settings = GATE.model_copy(update={"worse_level": level})
    assert len(weigh(Evidence(FINE, now), Evidence(FINE, before), settings).objections) == objections


def test_what_was_not_measured_is_said() -> None:
    assert "answer_seconds was not measured for both" in weigh(Evidence({}), Evidence(FINE), GATE).remarks


def test_overlap_of_training_and_test_is_an_objection() -> None:
    weighed = weigh(Evidence(FINE, overlap="sft-1 is test-2"), Evidence(FINE), GATE)
    decision = restrict(Decision(True, "better"), weighed)
    assert decision.promote is False
    assert decision.reason.startswith("better; but training and test items overlap: sft-1 is test-2")


def test_no_objection_makes_a_refusal_a_promotion() -> None:
    assert restrict(Decision(False, "not better"), weigh(Evidence(FINE), Evidence(FINE), GATE)).promote is False


def test_the_answers_that_count_are_the_deployed_models(tmp_path: Path) -> None:
    """With re-retrieval for images, where that was measured; without for text; earlier rungs not at all."""
    rows = [
        ("sft", "text", "t1", False),
        ("grpo_multimodal", "text", "t1", True),
        ("grpo_multimodal", "image", "i1", False),
        ("cdir", "image", "i1", True),
    ]
    paths = Paths(tmp_path)
    paths.evaluation.mkdir(parents=True)
    lines = [
        json.dumps({"rung": rung, "cell": cell, "verdict": {"question_id": key, "cluster": "f", "correct": right}})
        for rung, cell, key, right in rows
    ]
    (paths.evaluation / "per_question.jsonl").write_text("\n".join(lines))
    assert answers_of(paths) == {"text": {"t1": ("f", True)}, "image": {"i1": ("f", True)}}
    assert answers_of(Paths(tmp_path / "elsewhere")) == {}


def test_answers_are_kept_with_the_run(tracked: Path) -> None:
    store = open_store(tracked)
    run = store.client.create_run(store.experiment_id).info.run_id
    store.client.log_text(run, write_answers(answers(2, 1)), FILE)
    store.client.create_registered_model("med-rwr")
    tags = {RUN_TAG: run, METRIC_TAG + "ece_calibrated": "0.5"}
    version = store.client.create_model_version("med-rwr", "file:///nowhere", tags=tags)
    old = store.client.create_model_version("med-rwr", "file:///nowhere")
    assert evidence_of(version, store) == Evidence({"ece_calibrated": 0.5}, answers(2, 1))
    assert evidence_of(old, store) == Evidence()
    assert read_answers(write_answers({})) == {}


def test_the_card_says_what_it_is_made_of_and_how_good_it_is() -> None:
    metrics = {"text_accuracy": 0.5, "text_accuracy_lower": 0.4, "text_accuracy_upper": 0.6, "ece_raw": 0.125}
    reference = Reference("checkpoint", "models/final", "abc")
    card = model_card("med-rwr", [reference], metrics, data={"data/clinic": "d1"}, settings={"base": {"seed": 7}})
    assert "| text_accuracy | 0.5000 | 0.4000 to 0.6000 |" in card
    assert "| ece_raw | 0.125 |" in card
    assert "| checkpoint | models/final | abc |" in card
    assert "| data/clinic | d1 |" in card
    assert "Not a medical device" in card
    for heading in ("Intended use", "Limits", "Figures", "Artefacts", "Data", "Settings"):
        assert f"## {heading}\n" in card
