"""A trajectory as an MLflow trace that a person can read."""

from __future__ import annotations

from pathlib import Path

from pipelines.tracking.store import open_store
from pipelines.tracking.traces import log_trace
from tests.rollout.test_page import QUESTION, trajectory


def test_spans_of_an_episode(tracked: Path) -> None:
    store = open_store(tracked)
    trace_id = log_trace(store, QUESTION, trajectory("B"), {"accuracy": 1.0, "total": 7.0}, step=4)
    import mlflow

    mlflow.flush_trace_async_logging()
    trace = mlflow.get_trace(trace_id)
    spans = trace.data.spans
    assert [span.name for span in spans] == ["episode", "think", "query", "retrieve", "think", "answer"]
    root, retrieve, answer = spans[0], spans[3], spans[5]
    assert root.span_type == "AGENT"
    assert root.outputs == {"answer": "B", "right": True}
    assert root.attributes["reward.total"] == 7.0
    assert retrieve.span_type == "RETRIEVER"
    assert retrieve.outputs[0]["page_content"].endswith("kemopril")
    assert retrieve.outputs[0]["metadata"]["score"] == 0.5
    assert (answer.outputs["letter"], answer.outputs["confidence"]) == ("B", 0.7)
    assert trace.info.tags["question_id"] == "q"
    assert trace.info.tags["step"] == "4"
