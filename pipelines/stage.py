"""What a stage gets and gives: `pipelines/<stage>.py` has one function `run(context) -> StageResult`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from medrwr.config import Params
from medrwr.sinks import MetricSink
from pipelines.paths import Paths


@dataclass(frozen=True, slots=True)
class StageContext:
    """All that a stage may use."""

    params: Params
    paths: Paths
    sink: MetricSink


@dataclass(frozen=True, slots=True)
class StageResult:
    """Metrics (written to metrics/<stage>.json), one line for people, and files worth looking at."""

    metrics: Mapping[str, float]
    headline: str
    artefacts: tuple[Path, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
