"""Evaluated trajectories as traces of the stage's MLflow run, to be found by rung, cell and verdict."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from medrwr.evaluation.scorer import Verdict
from medrwr.sinks import MetricSink, TraceSink
from medrwr.types import Question, Trajectory
from pipelines.measures import Evaluated


def trace_all(sink: MetricSink, evaluated: Evaluated, *, every: int) -> None:
    """Send every so many-th trajectory of each rung and cell to the sink, if it takes traces; 0: none."""
    if not isinstance(sink, TraceSink) or every == 0:
        return
    total = sum(len(played) for by_cell in evaluated.played.values() for played in by_cell.values())
    done = 0
    for rung, by_cell in evaluated.played.items():
        for cell, played in by_cell.items():
            judged = evaluated.verdicts[rung][cell]
            for question, trajectory, verdict in _every(evaluated.cells[cell], played, judged, every):
                tags = {"rung": rung, "cell": cell, "correct": str(verdict.correct).lower()}
                sink.trace(question, trajectory, {"correct": float(verdict.correct)}, tags)
            done += len(played)
            sink.progress(done, total, "evaluate: traces")


def _every(
    questions: Sequence[Question], played: Sequence[Trajectory], judged: Sequence[Verdict], every: int
) -> Iterator[tuple[Question, Trajectory, Verdict]]:
    # A rung that answered fewer questions answered the first ones of the cell.
    return islice(zip(questions[: len(played)], played, judged, strict=True), 0, None, every)
