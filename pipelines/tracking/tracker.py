"""The sinks that a stage can get: with a run in MLflow, and without one."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from medrwr.digests import folder_digest
from medrwr.errors import TrackingError
from medrwr.types import Question, Trajectory
from pipelines.console import warn
from pipelines.paths import Paths
from pipelines.stage import StageResult
from pipelines.tracking.events import Begin, End, Event, Files, Journal, Numbers, pending
from pipelines.tracking.pipes import DagsterReport
from pipelines.tracking.player import Player
from pipelines.tracking.progress import ProgressLine
from pipelines.tracking.store import Store, open_store
from pipelines.tracking.traces import AT_ONCE, Episode, log_traces

FLUSH_INTERVAL_S = 5.0


class Tracker:
    """`medrwr.sinks.MetricSink` of a stage without a run in MLflow: progress, and a report to Dagster."""

    def __init__(self, report: DagsterReport | None) -> None:
        self._report = report
        self._progress = ProgressLine()

    @property
    def run_link(self) -> str | None:
        """Where the run can be looked at, if there is one."""
        return None

    @property
    def run_ids(self) -> dict[str, str]:
        """`experiment_id` and `run_id` in MLflow; empty without a run there."""
        return {}

    def log(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Record metrics, of one step when `step` is given."""

    def progress(self, done: int, total: int, label: str) -> None:
        """Report how far a long piece of work is."""
        self._progress.update(done, total, label)

    def finish(self, result: StageResult) -> None:
        """Report the result of a stage that ended well."""
        if self._report is not None:
            self._report.finish(result, run_link=self.run_link)

    def close(self, *, status: str) -> None:  # noqa: ARG002 - for trackers with a run
        """End the progress display. `status` is FINISHED, FAILED or KILLED."""
        self._progress.close()


class RunTracker(Tracker):
    """A tracker whose numbers become an MLflow run. When MLflow is away, the journal keeps them for the next stage."""

    def __init__(self, begin: Begin, paths: Paths, report: DagsterReport | None) -> None:
        super().__init__(report)
        self._paths, self._stage = paths, begin.stage
        self._journal = Journal(paths.work("tracking") / f"{begin.journal}.jsonl")
        self._unsent: list[Event] = []
        self._episodes: list[Episode] = []
        self._result: StageResult | None = None
        self._store: Store | None = None
        self._player: Player | None = None
        self._flushed_s = 0.0
        self._record(begin)
        self._connect()

    @property
    def run_link(self) -> str | None:
        """Where the run can be looked at; None while MLflow is away."""
        if self._store is None or self._player is None:
            return None
        return self._store.run_link(self._player.run_id)

    @property
    def run_ids(self) -> dict[str, str]:
        """`experiment_id` and `run_id` in MLflow; empty while it is away."""
        if self._store is None or self._player is None:
            return {}
        return {"experiment_id": self._store.experiment_id, "run_id": self._player.run_id}

    def log(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Record the finite ones of `metrics`; they go to MLflow every few seconds."""
        self._record(Numbers(finite(metrics), step or 0, now_ms()))
        if time.monotonic() - self._flushed_s > FLUSH_INTERVAL_S:
            self._flush()

    def trace(
        self, question: Question, trajectory: Trajectory, score: Mapping[str, float], tags: Mapping[str, str]
    ) -> None:
        """Keep a trajectory as a trace of this run; while MLflow is away, traces are not kept."""
        self._episodes.append(Episode(question, trajectory, score, tags))
        if len(self._episodes) >= AT_ONCE:
            self._flush_traces()

    def finish(self, result: StageResult) -> None:
        """Keep plots and single files with the run (checkpoint folders are referred to, not copied); tell Dagster."""
        self._result = result
        self._record(Files([str(self._paths.plots(self._stage))], "plots"))
        self._record(Files([str(path) for path in result.artefacts if path.is_file()], "artefacts"))
        self._flush()
        super().finish(result)

    def close(self, *, status: str) -> None:
        """End the run."""
        super().close(status=status)
        tags = self._result_tags(self._result) if self._result else {}
        summary = finite(self._result.metrics) if self._result else {}
        self._record(End(status, now_ms(), tags, summary))
        self._flush()
        self._journal.close(remove=self._player is not None)

    def _result_tags(self, result: StageResult) -> dict[str, str]:
        """Headline, the stage's own tags, and the SHA-256 of every folder that it left."""
        folders = [path for path in result.artefacts if path.is_dir()]
        digests = {f"artefact.{path.relative_to(self._paths.root)}": folder_digest(path) for path in folders}
        return {"headline": result.headline, **digests, **result.tags}

    def _record(self, event: Event) -> None:
        self._journal.append(event)
        self._unsent.append(event)

    def _connect(self) -> None:
        try:
            self._store = open_store(self._paths.root)
        except TrackingError as error:
            self._give_up(error)
            return
        self._catch_up(self._store)
        self._player = Player(self._store)
        self._flush()

    def _flush(self) -> None:
        self._flush_traces()
        if self._player is None:
            return
        try:
            self._player.play(self._unsent)
        except TrackingError as error:
            self._give_up(error)
        self._unsent.clear()
        self._flushed_s = time.monotonic()

    def _flush_traces(self) -> None:
        episodes, self._episodes = self._episodes, []
        if self._store is None or self._player is None or not episodes:
            return
        try:
            log_traces(self._store, episodes, run_id=self._player.run_id)
        except TrackingError as error:
            self._give_up(error)

    def _give_up(self, error: TrackingError) -> None:
        self._player = None
        warn(
            f"warning: {error}. The stage goes on; its numbers are in {self._journal.path}"
            " and go to MLflow with the next stage that reaches it."
        )

    def _catch_up(self, store: Store) -> None:
        """Play what earlier stages could not send, or what a killed one left."""
        for path, events in pending(self._paths.work("tracking")):
            if not any(isinstance(event, End) for event in events):
                events.append(End("KILLED", now_ms()))
            if _replayed(store, path, events):
                path.unlink(missing_ok=True)


def _replayed(store: Store, path: Path, events: Sequence[Event]) -> bool:
    if not isinstance(events[0], Begin):  # killed before its first line was written: nothing to tell
        return True
    try:
        Player(store).play(events)
    except TrackingError as error:
        warn(f"warning: {path} could not be sent: {error}")
        return False
    return True


def finite(metrics: Mapping[str, float]) -> dict[str, float]:
    """The metrics that are numbers: trackers and JSON have no NaN."""
    return {name: float(value) for name, value in metrics.items() if math.isfinite(value)}


def now_ms() -> int:
    """Milliseconds since 1970, MLflow's unit."""
    return int(time.time() * 1000)
