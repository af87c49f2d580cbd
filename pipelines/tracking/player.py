"""Plays the events of one stage's run to MLflow: a child run below the pipeline run's parent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pipelines.tracking.events import Begin, End, Event, Files, Numbers
from pipelines.tracking.provenance import digest_tags
from pipelines.tracking.store import Store, exclusive, translated

PIPELINE_TAG = "medrwr.pipeline"
ROLE_TAG = "medrwr.role"
JOURNAL_TAG = "medrwr.journal"
STAGE_TAG = "medrwr.stage"
PARENT_TAG = "mlflow.parentRunId"
LARGEST_FILE = 20 * 1024 * 1024  # bytes; checkpoints are referred to by digest, never copied
BATCH = 1000  # metrics in one request, MLflow's limit


class Player:
    """One run. Playing the same events twice gives the same run, not a second one."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.run_id = ""
        self.parent_id = ""
        self._stage = ""

    def play(self, events: Sequence[Event]) -> None:
        """Apply events in order; neighbouring metrics go in one request.

        Raises:
            TrackingError: MLflow cannot be reached; the events so far may or may not have arrived.
        """
        with translated(self._store.uri):
            numbers: list[Numbers] = []
            for event in events:
                if isinstance(event, Numbers):
                    numbers.append(event)
                    continue
                self._log(numbers)
                numbers = []
                self._apply(event)
            self._log(numbers)

    def _apply(self, event: Begin | Files | End) -> None:
        match event:
            case Begin():
                self._begin(event)
            case Files():
                self._keep(event)
            case End():
                self._end(event)

    def _begin(self, event: Begin) -> None:
        client, self._stage = self._store.client, event.stage
        self.parent_id = parent_run(self._store, event.pipeline, event.tags, event.time_ms)
        client.update_run(self.parent_id, status="RUNNING")
        tags = {
            PARENT_TAG: self.parent_id,
            ROLE_TAG: "stage",
            STAGE_TAG: event.stage,
            JOURNAL_TAG: event.journal,
            **event.tags,
            **digest_tags(event.data),
        }
        self.run_id = find_run(self._store, **{JOURNAL_TAG: event.journal}) or self._create(event, tags)
        for items in batches(list(event.params.items()), 100):
            client.log_batch(self.run_id, params=_params(items))
        if event.data:
            client.log_inputs(self.run_id, datasets=_datasets(event.data))

    def _create(self, event: Begin, tags: dict[str, str]) -> str:
        run = self._store.client.create_run(
            self._store.experiment_id, start_time=event.time_ms, tags=tags, run_name=event.stage
        )
        return str(run.info.run_id)

    def _log(self, numbers: Sequence[Numbers]) -> None:
        from mlflow.entities import Metric

        metrics = [
            Metric(name, value, moment.time_ms, moment.step)
            for moment in numbers
            for name, value in moment.metrics.items()
        ]
        for batch in batches(metrics, BATCH):
            self._store.client.log_batch(self.run_id, metrics=batch)

    def _keep(self, event: Files) -> None:
        for path in map(Path, event.paths):
            for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
                if file.is_file() and file.stat().st_size <= LARGEST_FILE:
                    inside = file.parent.relative_to(path) if path.is_dir() else Path()
                    self._store.client.log_artifact(self.run_id, str(file), (Path(event.folder) / inside).as_posix())

    def _end(self, event: End) -> None:
        client = self._store.client
        for name, value in event.tags.items():
            client.set_tag(self.run_id, name, value)
        self._log([Numbers(event.summary, 0, event.time_ms)])
        summary = {f"{self._stage}.{name}": value for name, value in event.summary.items()}
        client.log_batch(self.parent_id, metrics=_metrics(summary, event.time_ms))
        client.set_terminated(self.run_id, status=event.status, end_time=event.time_ms)
        client.set_terminated(self.parent_id, status=event.status, end_time=event.time_ms)


def parent_run(store: Store, pipeline: str, tags: dict[str, str], time_ms: int) -> str:
    """The parent of a pipeline run, found by its tag; created when this is the first stage of it."""
    with exclusive(store.lock):
        found = find_run(store, **{PIPELINE_TAG: pipeline, ROLE_TAG: "pipeline"})
        if found is not None:
            return found
        own = {PIPELINE_TAG: pipeline, ROLE_TAG: "pipeline", **tags}
        run = store.client.create_run(store.experiment_id, start_time=time_ms, tags=own, run_name="pipeline")
        return str(run.info.run_id)


def find_run(store: Store, **tags: str) -> str | None:
    """The newest run that carries all `tags`."""
    text = " and ".join(f"tags.`{name}` = '{_quote(value)}'" for name, value in tags.items())
    runs = store.client.search_runs([store.experiment_id], text, max_results=1)
    return str(runs[0].info.run_id) if runs else None


def batches(items: Sequence[Any], size: int) -> Iterator[list[Any]]:
    """Consecutive pieces of at most `size`."""
    for start in range(0, len(items), size):
        yield list(items[start : start + size])


def _quote(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "\\'")


def _params(items: Sequence[tuple[str, str]]) -> list[Any]:
    from mlflow.entities import Param

    return [Param(name, value) for name, value in items]


def _metrics(values: dict[str, float], time_ms: int) -> list[Any]:
    from mlflow.entities import Metric

    return [Metric(name, value, time_ms, 0) for name, value in values.items()]


def _datasets(data: dict[str, str]) -> list[Any]:
    from mlflow.entities import Dataset, DatasetInput

    return [DatasetInput(Dataset(path, md5[:36], "dvc", path)) for path, md5 in data.items()]
