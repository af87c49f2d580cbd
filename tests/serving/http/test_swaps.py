"""The alias moves under callers: nobody notices, answers name their version, and what fails changes nothing."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

from medrwr.errors import RetrievalError
from medrwr.policy.loading import Policy
from medrwr.serving.served import Answered
from medrwr.types import ScoredPassage
from tests.rollout.world import DictionaryRetriever
from tests.serving.http.world import OPTIONS, QUESTION, Running, Shelf, answerer, running, until

CLIENTS, SWAPS = 4, 5
READY_2 = {"status": "ready", "version": "2", "since": "", "warning": ""}


def asking(server: Running, stop: threading.Event, got: list[Answered], failed: list[str]) -> threading.Thread:
    """One caller that asks until it is stopped."""

    def ask() -> None:
        while not stop.is_set():
            try:
                got.append(server.client.answer(QUESTION, OPTIONS))
            except Exception as error:  # noqa: BLE001 - counted
                failed.append(repr(error))

    thread = threading.Thread(target=ask)
    thread.start()
    return thread


def test_no_caller_notices_a_promotion(trained: Policy, tmp_path: Path) -> None:
    shelf = Shelf(lambda: answerer(trained))
    got: list[Answered] = []
    failed: list[str] = []
    stop = threading.Event()
    with running(shelf, tmp_path) as server:
        callers = [asking(server, stop, got, failed) for _ in range(CLIENTS)]
        for version in range(2, 2 + SWAPS):
            shelf.put(str(version))
            until(lambda v=str(version): server.get("/readyz").json()["version"] == v, f"version {version}")
            until(lambda v=str(version): any(answer.model.version == v for answer in [*got]), "answers of it")
        stop.set()
        for caller in callers:
            caller.join()
    assert not failed
    assert {answer.model.version for answer in got} == {str(version) for version in range(1, 2 + SWAPS)}
    assert all(answer.model.digest == f"digest-{answer.model.version}" for answer in got)
    assert len({answer.answer for answer in got}) == 1


def test_a_version_that_cannot_be_opened_leaves_the_old_one(trained: Policy, tmp_path: Path) -> None:
    shelf = Shelf(lambda: answerer(trained), broken={"2"})
    with running(shelf, tmp_path) as server:
        shelf.put("2")
        until(lambda: server.get("/readyz").json()["warning"], "the warning")
        ready = server.get("/readyz").json()
        assert ready["version"] == "1"
        assert "version 2 has no weights: register it again" in ready["warning"]
        assert server.client.answer(QUESTION, OPTIONS).model.version == "1"
        assert 'medrwr_swaps_total{outcome="failed"} 1.0' in server.get("/metrics").text
        shelf.put("3")
        until(lambda: server.get("/readyz").json()["version"] == "3", "version 3")
        assert server.get("/readyz").json()["warning"] == ""


class Gone:
    """A retriever whose index is gone."""

    def search_batch(self, queries: Sequence[str], *, k: int | None = None) -> list[tuple[ScoredPassage, ...]]:
        raise RetrievalError("the index is gone: build it again")


def test_a_version_without_golden_answer_leaves_the_old_one(trained: Policy, tmp_path: Path) -> None:
    retrievers = iter([DictionaryRetriever(), Gone()])
    shelf = Shelf(lambda: answerer(trained, next(retrievers)))
    with running(shelf, tmp_path) as server:
        shelf.put("2")
        until(lambda: server.get("/readyz").json()["warning"], "the warning")
        assert "answers none of its golden questions" in server.get("/readyz").json()["warning"]
        assert server.client.answer(QUESTION, OPTIONS).model.version == "1"


def test_a_refreshed_index_is_served_as_a_new_version_is(trained: Policy, tmp_path: Path) -> None:
    shelf = Shelf(lambda: answerer(trained))
    with running(shelf, tmp_path) as server:
        shelf.put("1", "index-2")
        until(lambda: server.get("/v1/models").json()["data"][0]["index"] == "index-2", "the index")
        assert server.client.answer(QUESTION, OPTIONS).index == {"digest": "index-2"}


def test_a_registry_that_is_away_stops_no_answer(trained: Policy, tmp_path: Path) -> None:
    shelf = Shelf(lambda: answerer(trained))
    with running(shelf, tmp_path) as server:
        shelf.away = True
        until(lambda: "cannot be reached" in server.get("/readyz").json()["warning"], "the warning")
        assert server.client.answer(QUESTION, OPTIONS).model.version == "1"
        shelf.put("2")
        shelf.away = False
        until(lambda: server.get("/readyz").json() | {"since": ""} == READY_2, "version 2")
