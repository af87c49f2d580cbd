"""How progress and metrics leave the library: small protocols that `pipelines.tracking` implements."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from medrwr.types import Question, Trajectory


class MetricSink(Protocol):
    """Takes numbers as they come: a tracker, a progress line, or nothing."""

    def log(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Record metrics, of one step when `step` is given."""

    def progress(self, done: int, total: int, label: str) -> None:
        """Report how far a long piece of work is."""


@runtime_checkable
class TraceSink(Protocol):
    """Takes whole trajectories, for a person to read."""

    def trace(
        self, question: Question, trajectory: Trajectory, score: Mapping[str, float], tags: Mapping[str, str]
    ) -> None:
        """Keep one trajectory with its reward parts or verdict, and tags to find it by."""


class NullSink:
    """Discards everything."""

    def log(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Discard."""

    def progress(self, done: int, total: int, label: str) -> None:
        """Discard."""
