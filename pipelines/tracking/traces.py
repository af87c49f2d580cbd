"""Trajectories as MLflow traces: an agent span with think, query, retrieve and answer spans inside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from medrwr.types import Question, Trajectory, Turn
from pipelines.tracking.store import Store, translated


def log_trace(
    store: Store,
    question: Question,
    trajectory: Trajectory,
    score: Mapping[str, float],
    *,
    run_id: str | None = None,
    step: int | None = None,
) -> str:
    """Write one trajectory; returns the trace's id.

    Raises:
        TrackingError: MLflow cannot be reached.
    """
    with translated(store.uri):
        import mlflow
        from mlflow.entities import SpanType
        from mlflow.tracing.constant import TraceMetadataKey

        root = mlflow.start_span_no_context(
            "episode",
            span_type=SpanType.AGENT,
            inputs={"question": question.text, "options": list(question.options), "images": list(question.images)},
            experiment_id=store.experiment_id,
            metadata={TraceMetadataKey.SOURCE_RUN: run_id} if run_id else None,
            tags={"question_id": question.question_id, "stop_reason": trajectory.stop_reason.value}
            | ({"step": str(step)} if step is not None else {}),
        )
        for turn in trajectory.turns:
            _turn(root, turn)
        _answer(root, question, trajectory)
        root.set_attributes({f"reward.{name}": value for name, value in score.items()})
        right = trajectory.answer.letter == question.gold_letter
        root.end(outputs={"answer": trajectory.answer.letter, "right": right})
        return str(root.trace_id)


def _turn(root: Any, turn: Turn) -> None:
    from mlflow.entities import Document, SpanType

    if turn.think:
        _span(root, "think", SpanType.CHAT_MODEL, None, turn.think)
    if turn.query is None:
        return
    _span(root, "query", SpanType.CHAT_MODEL, None, turn.query)
    documents = [
        Document(
            page_content=scored.passage.text,
            metadata={"doc_uri": scored.passage.title or scored.passage.document_id, "score": scored.score},
            id=scored.passage.passage_id,
        )
        for scored in turn.passages
    ]
    _span(root, "retrieve", SpanType.RETRIEVER, {"query": turn.query}, documents)


def _answer(root: Any, question: Question, trajectory: Trajectory) -> None:
    from mlflow.entities import SpanType

    outputs = {
        "letter": trajectory.answer.letter,
        "text": trajectory.answer.text,
        "right": question.gold_letter,
        "confidence": trajectory.confidence,
        "option_probs": list(trajectory.option_probs),
    }
    _span(root, "answer", SpanType.PARSER, {"raw": trajectory.answer.raw}, outputs)


def _span(root: Any, name: str, kind: str, inputs: Any, outputs: Any) -> None:
    import mlflow

    mlflow.start_span_no_context(name, span_type=kind, parent_span=root, inputs=inputs).end(outputs=outputs)
