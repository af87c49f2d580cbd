"""Opens the tracker of one stage: which sink, which pipeline run, which provenance."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from medrwr.config import Params
from pipelines.catalogue import find_stage
from pipelines.graph import input_digests, stage_params
from pipelines.paths import Paths
from pipelines.tracking.events import Begin
from pipelines.tracking.pipes import DagsterReport, open_dagster_report, root_run
from pipelines.tracking.provenance import git_revision, pipeline_key
from pipelines.tracking.tracker import RunTracker, Tracker, now_ms

REVISION_TAG = "git.revision"


@contextmanager
def open_tracker(stage: str, params: Params, paths: Paths) -> Iterator[Tracker]:
    """A tracker for one run of `stage`; an error inside ends the run as FAILED and goes on."""
    with open_dagster_report() as report:
        tracker = _make(stage, params, paths, report)
        status = "FAILED"
        try:
            yield tracker
            status = "FINISHED"
        except KeyboardInterrupt:
            status = "KILLED"
            raise
        finally:
            tracker.close(status=status)


def _make(stage: str, params: Params, paths: Paths, report: DagsterReport | None) -> Tracker:
    if not find_stage(stage).tracked:
        return Tracker(report)
    return RunTracker(describe(stage, params, paths), paths, report)


def describe(stage: str, params: Params, paths: Paths) -> Begin:
    """The first event of a stage's run: parameters, digests of its data, revision, pipeline run."""
    root, time_ms = paths.root, now_ms()
    revision = git_revision(root)
    return Begin(
        journal=f"{stage}-{time_ms}-{os.getpid()}",
        stage=stage,
        pipeline=pipeline_key(root, revision=revision, dagster_run=root_run()),
        time_ms=time_ms,
        params=stage_params(root, stage, params),
        tags={REVISION_TAG: revision},
        data=input_digests(root, stage),
    )
