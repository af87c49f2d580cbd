"""`/v1/answers` and its neighbours: what is sent for what is asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from medrwr.policy.loading import Policy
from medrwr.serving.asking import Ask
from tests.rollout.world import SIGNS, DictionaryRetriever, question
from tests.serving.http.world import OPTIONS, QUESTION, UNSURE, Running, answerer, encoded

PLAIN = {"question": QUESTION, "options": OPTIONS}


def test_an_answer_is_the_answerers(server: Running, trained: Policy, images: Path) -> None:
    """The same question asked in process and over HTTP: the same way to the same answer, second look included."""
    known = question(1, image=True)
    file = images / known.images[0]
    (reply,) = answerer(trained, threshold=UNSURE).answer([Ask(known.text, known.options, str(file))])
    got = server.client.answer(known.text, known.options, image=file)
    assert (got.letter, got.answer, got.confidence) == (reply.answer, reply.answer_text, reply.confidence)
    assert list(got.option_probs.values()) == pytest.approx(reply.option_probs)
    assert got.reretrieved
    assert got.calibrated
    assert not got.abstained
    assert [case.caption for case in got.similar_cases] == [f"A {SIGNS[0]}."]
    assert got.similar_cases[0].image.startswith("data:image/png;base64,")
    assert (got.model.version, got.model.digest, got.index) == ("1", "digest-1", {"digest": "index-1"})


def test_the_way_to_the_answer_is_sent(server: Running) -> None:
    got = server.client.answer(QUESTION, OPTIONS)
    found = DictionaryRetriever().find(str(got.trajectory[0].query))[:2]
    assert [passage.id for passage in got.sources] == [one.passage.passage_id for one in found]
    assert got.trajectory[-1].query is None
    assert got.timings
    assert got.timings["total_s"] >= got.timings["queued_s"] >= 0
    assert not got.calibrated  # the temperature was fitted on image questions (M27)


def test_a_query_of_the_asker_is_looked_up_first(server: Running) -> None:
    got = server.client.answer(QUESTION, OPTIONS, query=f"{SIGNS[2]}, mechanism")
    assert got.trajectory[0].query == f"{SIGNS[2]}, mechanism"
    assert got.sources[0].id == "p2"


def test_answers_below_the_limit_are_held_back(trained: Policy, tmp_path: Path) -> None:
    from tests.serving.http.world import Shelf, running

    with running(Shelf(lambda: answerer(trained)), tmp_path, abstain=1.1) as one:
        got = one.client.answer(QUESTION, OPTIONS)
    assert got.abstained
    assert got.answer in OPTIONS


BAD: list[tuple[dict[str, Any], int, str]] = [
    ({"options": OPTIONS}, 422, "question"),
    ({**PLAIN, "question": ""}, 422, "question"),
    ({**PLAIN, "question": "  "}, 422, "question"),
    ({**PLAIN, "options": ["one"]}, 422, "options"),
    ({**PLAIN, "options": ["same", "same"]}, 422, "same"),
    ({**PLAIN, "options": [str(number) for number in range(11)]}, 422, "options"),
    ({**PLAIN, "colour": "red"}, 422, "colour"),
    ({**PLAIN, "images": ["https://example.org/scan.png"]}, 422, "image 1"),
    ({**PLAIN, "images": ["file:///etc/passwd"]}, 422, "image 1"),
    ({**PLAIN, "images": ["bm8gaW1hZ2U="]}, 422, "image"),
    ({**PLAIN, "images": ["AAAA"] * 9}, 422, "images"),
    ({**PLAIN, "question": "x" * 20_001}, 422, "question"),
    ({**PLAIN, "question": "half a \ud800 pair"}, 422, "question"),
]


@pytest.mark.parametrize(("body", "status", "named"), BAD)
def test_what_cannot_be_asked_is_named(server: Running, body: dict[str, Any], status: int, named: str) -> None:
    response = server.post("/v1/answers", body)
    assert response.status_code == status
    error = response.json()["error"]
    assert named in error["message"]
    assert error["remedy"]


def test_no_json_is_no_question(server: Running) -> None:
    response = server.post("/v1/answers", data=b"{", headers={"Content-Type": "application/json"})
    assert response.status_code == 400
    assert response.json()["error"]["code"] == "request"


def test_a_body_beyond_the_limit_is_refused(server: Running) -> None:
    response = server.post("/v1/answers", {**PLAIN, "images": ["A" * (25 << 20)]})
    assert response.status_code == 413


def test_a_picture_beyond_the_limit_is_refused(server: Running, tmp_path: Path) -> None:
    """A bomb: 36 million pixels in some kilobytes."""
    from PIL import Image

    Image.new("1", (6000, 6000)).save(tmp_path / "bomb.png")
    response = server.post("/v1/answers", {**PLAIN, "images": [encoded(tmp_path / "bomb.png")]})
    assert response.status_code == 422
    assert "pixels" in response.json()["error"]["message"]


def test_the_server_tells_what_it_serves(server: Running) -> None:
    (model,) = server.get("/v1/models").json()["data"]
    assert (model["id"], model["version"], model["index"]) == ("med-rwr", "1", "index-1")
    assert server.get("/v1/examples").json()["examples"][0]["question"] == QUESTION
    assert server.get("/healthz").json() == {"status": "ok"}
    assert server.get("/readyz").json()["version"] == "1"


def test_responses_carry_an_id_and_forbid_what_browsers_allow(server: Running) -> None:
    headers = server.get("/healthz").headers
    assert len(headers["x-request-id"]) == 16
    assert headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "access-control-allow-origin" not in server.get("/healthz", headers={"Origin": "http://evil"}).headers


def test_prometheus_reads_requests_confidence_and_second_looks(server: Running, images: Path) -> None:
    server.client.answer(question(2, image=True).text, OPTIONS, image=images / "2.png")
    lines = server.get("/metrics").text.splitlines()
    assert any(line.startswith('medrwr_requests_total{route="/v1/answers",status="200"}') for line in lines)
    assert any(line.startswith('medrwr_reretrieved_total{version="1"}') and line[-3:] != "0.0" for line in lines)
    assert 'medrwr_serving{name="med-rwr",version="1"} 1.0' in lines
    assert "medrwr_unfinished 0.0" in lines
