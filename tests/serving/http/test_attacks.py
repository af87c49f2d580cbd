"""Poisoned passages (M5): they are read as text, end nothing, answer nothing, and come out as they went in."""

from __future__ import annotations

from pathlib import Path

from medrwr.policy.loading import Policy
from medrwr.rollout.protocol import TAGS
from medrwr.serving.served import Answered
from tests.serving.http.attacks import Poisoned, poisoned
from tests.serving.http.world import OPTIONS, QUESTION, Shelf, answerer, running

STOPS = {"answered", "forced"}


def escaped(got: Answered) -> list[str]:
    """How retrieved text left its place in this answer: nowhere, one hopes."""
    ways = []
    for block in got.text.split("<retrieve>")[1:]:
        inside, closed, _ = block.partition("</retrieve>")
        if not closed or any(tag in inside for tag in TAGS) or "<|" in inside:
            ways.append(f"a tag inside retrieve: {inside[:80]}")
    if got.text.count("<answer>") > 1:
        ways.append("two answers")
    if got.text.count("<retrieve>") > sum(step.query is not None for step in got.trajectory):
        ways.append("a retrieve block without query")
    if got.letter and got.answer not in OPTIONS:
        ways.append(f"an answer that is no option: {got.answer}")
    return ways


def test_two_hundred_poisoned_passages_escape_nowhere(trained: Policy, tmp_path: Path) -> None:
    found = poisoned()
    assert len(found) >= 200
    retriever = Poisoned(found)
    with running(Shelf(lambda: answerer(trained, retriever)), tmp_path) as server:
        got = [server.client.answer(QUESTION, OPTIONS) for _ in range(len(found) // 3 + 1)]
        assert server.get("/readyz").json()["warning"] == ""
    assert len(retriever.given) == len(found)
    assert [way for one in got for way in escaped(one)] == []
    assert {one.stop_reason for one in got} <= STOPS | {"length", "malformed", "budget"}


def test_sources_are_sent_as_they_were_found(trained: Policy, tmp_path: Path) -> None:
    """The reader sees what stands in the index; only what the model reads is made harmless."""
    found = poisoned()[:3]
    with running(Shelf(lambda: answerer(trained, Poisoned(found))), tmp_path) as server:
        got = server.client.answer(QUESTION, OPTIONS)
    assert {source.text for source in got.sources} <= {one.passage.text for one in found}
    assert got.sources
