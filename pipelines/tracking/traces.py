"""Trajectories as MLflow traces: an agent span with think, query, retrieve and answer spans inside.

Spans are built whole and stored a hundred traces in one transaction: MLflow's own exporter takes several for each
trace, too slow for every trajectory of an evaluation.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from medrwr.types import Question, Trajectory, Turn
from pipelines.tracking.store import Store, translated

if TYPE_CHECKING:
    from mlflow.entities import Span

AT_ONCE = 100  # MLflow links no more traces than this to a run in one request
_TAG = "mlflow.traceTag."


@dataclass(frozen=True, slots=True)
class Episode:
    """A trajectory to keep: its question, its reward parts or verdict, and tags to find it by."""

    question: Question
    trajectory: Trajectory
    score: Mapping[str, float]
    tags: Mapping[str, str] = field(default_factory=dict)


def log_traces(store: Store, episodes: Sequence[Episode], *, run_id: str | None = None) -> list[str]:
    """Write trajectories as traces of a run; returns the traces' ids.

    Raises:
        TrackingError: MLflow cannot be reached.
    """
    with translated(store.uri):
        from mlflow.tracing.client import TracingClient

        client, ids = TracingClient(store.uri), []
        for start in range(0, len(episodes), AT_ONCE):
            spans = [_Spans(episode) for episode in episodes[start : start + AT_ONCE]]
            client.log_spans(store.experiment_id, [span for one in spans for span in one.all()])
            written = [one.trace_id for one in spans]
            if run_id:
                store.client.link_traces_to_run(written, run_id)
            ids += written
        return ids


class _Spans:
    """The spans of one episode. Times are those of writing: an episode is one of a batch and has none of its own."""

    def __init__(self, episode: Episode) -> None:
        self.trace_id = f"tr-{secrets.token_hex(16)}"
        self._root, self._time_ns, self._episode = secrets.token_hex(8), time.time_ns(), episode
        self._made: list[Span] = []

    def all(self) -> list[Span]:
        self._episode_span()
        for turn in self._episode.trajectory.turns:
            self._turn(turn)
        self._similar_cases()
        self._answer()
        return self._made

    def _episode_span(self) -> None:
        question, trajectory, score = self._episode.question, self._episode.trajectory, self._episode.score
        tags = {"question_id": question.question_id, "stop_reason": trajectory.stop_reason.value, **self._episode.tags}
        self._add(
            "episode",
            "AGENT",
            {"question": question.text, "options": list(question.options), "images": list(question.images)},
            {"answer": trajectory.answer.letter, "right": trajectory.answer.letter == question.gold_letter},
            {f"reward.{name}": value for name, value in score.items()}
            | {f"{_TAG}{name}": value for name, value in tags.items()},
        )

    def _turn(self, turn: Turn) -> None:
        if turn.think:
            self._add("think", "CHAT_MODEL", None, turn.think)
        if turn.query is None:
            return
        self._add("query", "CHAT_MODEL", None, turn.query)
        documents = [
            {
                "page_content": scored.passage.text,
                "metadata": {"doc_uri": scored.passage.title or scored.passage.document_id, "score": scored.score},
                "id": scored.passage.passage_id,
            }
            for scored in turn.passages
        ]
        self._add("retrieve", "RETRIEVER", {"query": turn.query}, documents)

    def _similar_cases(self) -> None:
        if cases := self._episode.trajectory.cases:
            documents = [
                {
                    "page_content": scored.case.caption,
                    "metadata": {"doc_uri": scored.case.image, "score": scored.score},
                    "id": scored.case.case_id,
                }
                for scored in cases
            ]
            self._add("similar cases", "RETRIEVER", {"images": list(self._episode.question.images)}, documents)

    def _answer(self) -> None:
        trajectory = self._episode.trajectory
        outputs = {
            "letter": trajectory.answer.letter,
            "text": trajectory.answer.text,
            "right": self._episode.question.gold_letter,
            "confidence": trajectory.confidence,
            "option_probs": list(trajectory.option_probs),
        }
        self._add("answer", "PARSER", {"raw": trajectory.answer.raw}, outputs)

    def _add(self, name: str, kind: str, inputs: Any, outputs: Any, more: Mapping[str, Any] | None = None) -> None:
        from mlflow.entities import Span

        values = {"mlflow.traceRequestId": self.trace_id, "mlflow.spanType": kind, "mlflow.spanOutputs": outputs}
        values |= ({"mlflow.spanInputs": inputs} if inputs is not None else {}) | dict(more or {})
        is_root = not self._made
        span: dict[str, Any] = {
            "trace_id": self.trace_id,
            "span_id": self._root if is_root else secrets.token_hex(8),
            "parent_span_id": None if is_root else self._root,
            "name": name,
            "start_time_unix_nano": self._time_ns + len(self._made),  # spans are shown in the order of their times
            "end_time_unix_nano": self._time_ns + len(self._made) + 1,
            "attributes": {key: json.dumps(value, ensure_ascii=False) for key, value in values.items()},
            "status": {"code": "OK", "message": ""},
            "events": [],
        }
        self._made.append(Span.from_dict(span))
