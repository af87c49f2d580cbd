"""The sink that a stage gets, and what happens around it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from medrwr.config import Params
from pipelines.catalogue import find_stage
from pipelines.paths import Paths
from pipelines.stage import StageResult
from pipelines.tracking.progress import ProgressLine


class Tracker:
    """Implements `medrwr.sinks.MetricSink` for one stage."""

    def __init__(self, stage: str) -> None:
        self.stage = stage
        self._progress = ProgressLine()

    def log(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Record metrics, of one step when `step` is given."""

    def progress(self, done: int, total: int, label: str) -> None:
        """Report how far a long piece of work is."""
        self._progress.update(done, total, label)

    def finish(self, result: StageResult) -> None:
        """Report the result of a stage that ended well."""

    def close(self) -> None:
        """End the progress display."""
        self._progress.close()


@contextmanager
def open_tracker(stage: str, params: Params, paths: Paths) -> Iterator[Tracker]:
    """A tracker for one run of `stage`."""
    find_stage(stage)
    tracker = Tracker(stage)
    try:
        yield tracker
    finally:
        tracker.close()
