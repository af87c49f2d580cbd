"""Knowledge from explanations (M9): four lists of sentences, no letters, no citations, nothing that was not said."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from medrwr.curation.explanation_text import clean_sentences, why_unfit
from medrwr.curation.extraction import explanation_of
from medrwr.errors import ConfigError
from medrwr.records import read_records, write_records
from medrwr.types import Quarantined, Question
from pipelines.cli.kb_explain import DOCUMENTS, FILTERED, POSTPONED, Request, kb_explain

EXPLANATION = (
    "Ans. a. ACA (Ref: Harrison 19/e p163, 18/e p193)Gait apraxia is seen in thromboembolic episode involving anterior "
    "cerebral artery.Frontal lobe is mainly supplied by anterior cerebral artery; its occlusion leads to gait apraxia. "
    "It is treated with intravenous thrombolysis within hours. Apraxia is the loss of learned movements."
)


def test_m9_letters_and_citations_go_and_glued_sentences_come_apart() -> None:
    assert clean_sentences(EXPLANATION) == [
        "ACA.",
        "Gait apraxia is seen in thromboembolic episode involving anterior cerebral artery.",
        "Frontal lobe is mainly supplied by anterior cerebral artery; its occlusion leads to gait apraxia.",
        "It is treated with intravenous thrombolysis within hours.",
        "Apraxia is the loss of learned movements.",
    ]


def test_m9_four_lists_of_sentences() -> None:
    lists = explanation_of(EXPLANATION)
    assert lists["treatment_protocols"] == ["It is treated with intravenous thrombolysis within hours."]
    assert lists["medical_terminology"] == ["Apraxia is the loss of learned movements."]
    assert len(lists["disease_manifestations"]) == 3
    assert lists["symptoms_and_signs"] == []


@pytest.mark.parametrize(
    ("sentence", "kind"),
    [
        ("Frontal lobe is mainly supplied by anterior cerebral artery.", ""),
        ("ACA.", "short"),
        ("Option B: frontal lobe supplied by anterior cerebral artery.", "letter"),
        ("Gait apraxia, frontal lobe, anterior cerebral artery, Harrison 19/e p163.", "citation"),
        ("Gait apraxia in anterior || cerebral artery occlusion.", "artefact"),
        ("Gait apraxia is treated with tarvenol in the frontal lobe.", "invented"),
    ],
)
def test_m9_what_is_no_knowledge_has_its_reason(sentence: str, kind: str) -> None:
    assert why_unfit(sentence, EXPLANATION).split(":")[0] == kind


def ask(name: str, text: str, explanation: str) -> Question:
    return Question(name, text, ("ACA", "MCA"), 0, explanation=explanation, kind="Neurology")


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    stem = "In which artery does an occlusion lead to gait apraxia in a man of 70 years?"
    other = "Which vessel supplies most of the frontal lobe in a woman of 40 years?"
    rows = [ask("q1", stem, EXPLANATION), ask("q2", other, EXPLANATION), ask("q3", "Which is mute here?", "")]
    write_records(tmp_path / "questions.jsonl", [*rows, ask("q4", "And what of the lobes?", "Ans. b.")])
    write_records(tmp_path / "benchmark.jsonl", [ask("held", " ".join(reversed(stem.split())), "")])
    return tmp_path / "questions.jsonl"


def run(request: Request) -> str:
    stream = io.StringIO()
    kb_explain(request, Console(file=stream, width=200, color_system=None))
    return stream.getvalue()


def test_m9_explanations_become_documents_and_what_a_benchmark_holds_does_not(questions: Path) -> None:
    request = Request(questions, questions.parent / "out", (questions.parent / "benchmark.jsonl",), licence="MIT")
    said = run(request)
    (document,) = [json.loads(line) for line in (request.out / DOCUMENTS).read_text().splitlines()]
    assert document["id"] == "q2"
    assert document["licence"] == "MIT"
    assert "Treatment protocols\nIt is treated with intravenous thrombolysis within hours." in document["text"]
    assert "Harrison" not in document["text"]
    reasons = {one.record_id: one.reason for one in read_records(request.out / FILTERED, Quarantined)[0]}
    assert "benchmark.jsonl held" in reasons["q1"]
    assert "1 documents" in said
    first = {path.name: path.read_bytes() for path in request.out.rglob("*.jsonl")}
    run(request)
    assert {path.name: path.read_bytes() for path in request.out.rglob("*.jsonl")} == first
    assert (request.out / POSTPONED).read_text() == ""


def test_the_leakage_filter_is_on_unless_one_says_otherwise(questions: Path) -> None:
    with pytest.raises(ConfigError, match="no benchmark is named"):
        run(Request(questions, questions.parent / "out"))
    assert "2 documents" in run(Request(questions, questions.parent / "out", leaks_allowed=True))


def test_real_explanations_give_sentences_of_their_own(tmp_path: Path, medical_data: Path) -> None:
    source = medical_data / "mcq/mirage/medmcqa/dev.first3183.json"
    found_text = run(Request(source, tmp_path, leaks_allowed=True))
    documents = [json.loads(line) for line in (tmp_path / DOCUMENTS).read_text().splitlines()]
    assert len(documents) > 1400  # of 1,675 explanations
    kinds = {one.reason.split(":")[0] for one in read_records(tmp_path / FILTERED, Quarantined)[0]}
    assert "invented" not in kinds
    assert "documents" in found_text
