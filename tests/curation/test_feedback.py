"""Serving's feedback becomes curation's input: what readers settled, as the server writes it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from medrwr.curation.feedback import read_feedback
from medrwr.records import read_records, write_records
from medrwr.serving.http.keeping import Lines, Remembered
from medrwr.serving.http.schema import FeedbackRequest
from medrwr.types import Quarantined, Question
from pipelines.cli.curate_more import QUESTIONS, REJECTED, curate_feedback

OPTIONS = ("kemopril", "tarvexan", "dolmidone")


def say(file: Path, question: str, letter: str, rating: str, correct: str | None = None) -> None:
    """One rating, through the server's own records."""
    said = FeedbackRequest(id="ans-" + "0" * 24, rating=rating, correct_letter=correct)
    known = Remembered(question, OPTIONS, letter, "3")
    Lines(file).append({**said.model_dump(), "model_version": known.version, **asdict(known)})


def test_only_what_readers_settle_becomes_a_question(tmp_path: Path) -> None:
    file, ask = tmp_path / "feedback.jsonl", "Which drug comes first, number {}?".format
    say(file, ask(1), "B", "right")
    say(file, ask(2), "A", "wrong", "C")
    say(file, ask(3), "A", "wrong")  # nobody says what is right
    say(file, ask(4), "A", "right")
    say(file, ask(4), "A", "wrong", "B")
    say(file, ask(1), "C", "wrong", "B")  # agrees with the first
    say(file, ask(5), "A", "wrong", "F")  # there are three options
    with file.open("a") as stream:
        stream.write('{"question": "cut off\n')
    questions, refused = read_feedback(file)
    assert [(one.text, one.gold_text) for one in questions] == [(ask(1), "tarvexan"), (ask(2), "dolmidone")]
    assert [one.reason.split(":")[0] for one in refused][-2:] == ["conflict", "conflict"]
    assert len(refused) == 5


def test_m14_a_benchmarks_question_is_left_out(tmp_path: Path) -> None:
    file = tmp_path / "feedback.jsonl"
    long = "Which of these drugs is given first to a patient with the granular apical ring on dermoscopy?"
    say(file, long, "A", "right")
    say(file, "Which drug is second?", "A", "right")
    write_records(tmp_path / "test.jsonl", [Question("held-out", long, OPTIONS, 0)])
    kept = curate_feedback(file, tmp_path / "out", benchmarks=(tmp_path / "test.jsonl",))
    assert [one.text for one in kept] == ["Which drug is second?"]
    assert read_records(tmp_path / "out" / QUESTIONS, Question)[0] == kept
    (rejected,) = read_records(tmp_path / "out" / REJECTED, Quarantined)[0]
    assert "test.jsonl held-out" in rejected.reason
