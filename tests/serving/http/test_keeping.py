"""What is kept of answers: feedback for good, observations and the audit without content."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from medrwr.errors import ServerError
from medrwr.policy.loading import Policy
from medrwr.serving.client import Client
from tests.rollout.world import question
from tests.serving.http.world import OPTIONS, QUESTION, Running, Shelf, answerer, running


def lines_of(file: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_feedback_is_kept_with_its_question_and_without_image(server: Running, images: Path) -> None:
    got = server.client.answer(question(1, image=True).text, OPTIONS, image=images / "1.png")
    server.client.feedback(got.id, "wrong", correct_letter="B", comment="the ring is smooth")
    (kept,) = [line for line in lines_of(server.folder / "feedback/feedback.jsonl") if line["id"] == got.id]
    assert kept["options"] == OPTIONS
    assert (kept["rating"], kept["correct_letter"], kept["letter"]) == ("wrong", "B", got.letter)
    assert kept["model_version"] == "1"
    assert kept["comment"] == "the ring is smooth"
    assert "base64" not in json.dumps(kept)


def test_feedback_on_an_unknown_answer_is_refused(server: Running) -> None:
    with pytest.raises(ServerError, match="is known"):
        server.client.feedback("ans-" + "0" * 24, "right")
    assert server.post("/v1/feedback", {"id": "1", "rating": "right"}).status_code == 422


def test_a_full_disk_loses_no_accepted_feedback(trained: Policy, tmp_path: Path) -> None:
    """/dev/full answers every write with ENOSPC."""
    folder = tmp_path / "feedback"
    folder.mkdir()
    file = folder / "feedback.jsonl"
    with running(Shelf(lambda: answerer(trained)), tmp_path) as server:
        impatient = Client(server.address, retries=0)
        got = impatient.answer(QUESTION, OPTIONS)
        impatient.feedback(got.id, "right", comment="first")
        file.rename(tmp_path / "before")
        file.symlink_to("/dev/full")
        response = server.post("/v1/feedback", {"id": got.id, "rating": "right"})
        assert (response.status_code, response.headers["Retry-After"]) == (503, "30")
        assert impatient.answer(QUESTION, OPTIONS).answer in OPTIONS
        file.unlink()
        (tmp_path / "before").rename(file)
        impatient.feedback(got.id, "right", comment="second")
        assert 'medrwr_lost_records_total{kind="feedback"} 1.0' in server.get("/metrics").text
    assert [line["comment"] for line in lines_of(file)] == ["first", "second"]


def test_answers_go_out_when_nothing_can_be_kept(trained: Policy, tmp_path: Path) -> None:
    (tmp_path / "serving").mkdir()
    for name in ("observations.jsonl", "audit.jsonl"):
        (tmp_path / "serving" / name).symlink_to("/dev/full")
    with running(Shelf(lambda: answerer(trained)), tmp_path) as server:
        assert server.client.answer(QUESTION, OPTIONS).answer in OPTIONS
        metrics = server.get("/metrics").text
    assert 'medrwr_lost_records_total{kind="observation"} 1.0' in metrics
    assert 'medrwr_lost_records_total{kind="audit"}' in metrics


def test_drift_is_seen_without_content(server: Running) -> None:
    before = len(lines_of(server.folder / "serving/observations.jsonl")) if _kept(server) else 0
    got = server.client.answer(QUESTION, OPTIONS)
    line = lines_of(server.folder / "serving/observations.jsonl")[before]
    assert set(line) == {"time", "version", "confidence", "reretrieved", "abstained"}
    assert line["confidence"] == got.confidence


def _kept(server: Running) -> bool:
    return (server.folder / "serving/observations.jsonl").exists()


def test_a_trace_that_fails_costs_no_answer(trained: Policy, tmp_path: Path) -> None:
    def broken(_: object) -> None:
        raise ConnectionError("MLflow is away")

    with running(Shelf(lambda: answerer(trained)), tmp_path, trace=broken) as server:
        assert server.client.answer(QUESTION, OPTIONS).answer in OPTIONS
        assert 'medrwr_lost_records_total{kind="trace"} 1.0' in server.get("/metrics").text
