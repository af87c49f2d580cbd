"""Trajectories as MLflow traces that a person can read."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from medrwr.types import ImageCase, Question, ScoredCase, Trajectory
from pipelines.evaluation_traces import trace_all
from pipelines.measures import Evaluated
from pipelines.tracking.store import open_store
from pipelines.tracking.traces import AT_ONCE, Episode, log_traces
from tests.pipelines.test_evaluate import evaluated
from tests.rollout.test_page import QUESTION, trajectory


def test_spans_of_an_episode(tracked: Path) -> None:
    store = open_store(tracked)
    run = store.client.create_run(store.experiment_id).info.run_id
    case = ScoredCase(ImageCase("c", "images/c.png", "A granular ring."), 0.9)
    played = dataclasses.replace(trajectory("B"), cases=(case,))
    [trace_id] = log_traces(
        store, [Episode(QUESTION, played, {"accuracy": 1.0, "total": 7.0}, {"step": "4"})], run_id=run
    )
    import mlflow

    trace = mlflow.get_trace(trace_id)
    spans = trace.data.spans
    names = ["episode", "think", "query", "retrieve", "think", "similar cases", "answer"]
    assert [span.name for span in spans] == names
    root, retrieve, cases, answer = spans[0], spans[3], spans[5], spans[6]
    assert {span.parent_id for span in spans[1:]} == {root.span_id}
    assert root.span_type == "AGENT"
    assert root.outputs == {"answer": "B", "right": True}
    assert root.attributes["reward.total"] == 7.0
    assert retrieve.span_type == cases.span_type == "RETRIEVER"
    assert retrieve.outputs[0]["page_content"].endswith("kemopril")
    assert retrieve.outputs[0]["metadata"]["score"] == 0.5
    assert cases.outputs[0]["page_content"] == "A granular ring."
    assert (answer.outputs["letter"], answer.outputs["confidence"]) == ("B", 0.7)
    assert (trace.info.tags["question_id"], trace.info.tags["step"]) == ("q", "4")
    assert [found.info.trace_id for found in _of_run(store.experiment_id, run)] == [trace_id]


def test_more_than_one_request_takes_are_written_and_found_by_tag(tracked: Path) -> None:
    store = open_store(tracked)
    run = store.client.create_run(store.experiment_id).info.run_id
    episodes = [Episode(QUESTION, trajectory("B"), {}, {"row": str(row)}) for row in range(AT_ONCE + 5)]
    ids = log_traces(store, episodes, run_id=run)
    assert len(set(ids)) == AT_ONCE + 5
    found = _of_run(store.experiment_id, run)
    assert {trace.info.tags["row"] for trace in found} == {str(row) for row in range(AT_ONCE + 5)}


def test_every_evaluated_trajectory_is_traced_with_its_verdict() -> None:
    sink, done = _Kept(), evaluated()
    trace_all(sink, done, every=1)
    played = [one for by_cell in done.played.values() for cell in by_cell.values() for one in cell]
    assert [trajectory for _, trajectory, _ in sink.kept] == played
    final = [tags for _, _, tags in sink.kept if tags["rung"] == "grpo_multimodal"]
    assert [tags["correct"] for tags in final].count("true") == 15
    assert all(question.question_id == trajectory.question_id for question, trajectory, _ in sink.kept)


def test_fewer_traces_when_asked_for_fewer() -> None:
    some, none = _Kept(), _Kept()
    trace_all(some, evaluated(), every=4)
    trace_all(none, evaluated(), every=0)
    done: Evaluated = evaluated()
    assert len(some.kept) == sum(-(-len(cell) // 4) for by_cell in done.played.values() for cell in by_cell.values())
    assert none.kept == []


class _Kept:
    def __init__(self) -> None:
        self.kept: list[tuple[Question, Trajectory, dict[str, str]]] = []

    def log(self, metrics: object, step: int | None = None) -> None: ...

    def progress(self, done: int, total: int, label: str) -> None: ...

    def trace(self, question: Question, trajectory: Trajectory, score: object, tags: dict[str, str]) -> None:
        self.kept.append((question, trajectory, tags))


def _of_run(experiment_id: str, run: str) -> list:
    import mlflow

    return mlflow.search_traces(locations=[experiment_id], run_id=run, return_type="list", max_results=1000)
