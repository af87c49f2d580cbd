"""Serving's own record asks for retraining: confidence that sinks, re-retrieval that rises.

The first answers of a version are what it was like; the last are what it is like now. A change has to be large enough
to matter and too large for chance. DVC runs a stage only when its inputs have changed: with no new data a run
finds nothing to train on, and the request stands in the run's tags and in the alert for a person to see.
"""

# No `from __future__ import annotations`: Dagster reads the annotations of sensor functions as objects.

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg

from dagster_project.alerts import Alerts
from dagster_project.automation import JOB, sensor_status

OBSERVATIONS = "work/serving/observations.jsonl"
WINDOW = 200  # answers on each side
LEAST_DROP = 0.05  # of the mean confidence
LEAST_RISE = 0.1  # of the share re-retrieved
CHANCE = 0.01


@dataclass(frozen=True, slots=True)
class Served:
    """One answer of a served version."""

    version: str
    confidence: float
    reretrieved: bool


def read_served(path: Path) -> list[Served]:
    """Rows of the newest version, in their order; rows that are none are left out."""
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", errors="replace") as lines:
        rows = [row for row in map(_parse, lines) if row is not None]
    return [row for row in rows if row.version == rows[-1].version]


def drift_of(rows: Sequence[Served]) -> str:
    """What has drifted, in words; '' when nothing has, or there are fewer than two windows."""
    from scipy.stats import fisher_exact, mannwhitneyu

    if len(rows) < 2 * WINDOW:
        return ""
    first, last = rows[:WINDOW], rows[-WINDOW:]
    before, now = ([row.confidence for row in window] for window in (first, last))
    found = []
    drop = (sum(before) - sum(now)) / WINDOW
    if drop >= LEAST_DROP and mannwhitneyu(now, before, alternative="less").pvalue < CHANCE:
        found.append(f"mean confidence {sum(before) / WINDOW:.3f} -> {sum(now) / WINDOW:.3f}")
    asked_before, asked_now = (sum(row.reretrieved for row in window) for window in (first, last))
    table = [[asked_now, WINDOW - asked_now], [asked_before, WINDOW - asked_before]]
    if (asked_now - asked_before) / WINDOW >= LEAST_RISE and fisher_exact(table, "greater").pvalue < CHANCE:
        found.append(f"re-retrieval {asked_before / WINDOW:.1%} -> {asked_now / WINDOW:.1%}")
    return "; ".join(found)


def build_drift_sensor(root: Path, *, automatic: bool, interval_s: int) -> dg.SensorDefinition:
    """Asks once for each version that drifts."""

    @dg.sensor(
        name="serving_drift",
        job_name=JOB,
        description=f"Reads {OBSERVATIONS}: lower confidence or more re-retrieval asks for retraining.",
        minimum_interval_seconds=interval_s,
        default_status=sensor_status(automatic=automatic),
    )
    def watch(context: dg.SensorEvaluationContext, alerts: Alerts) -> dg.SensorResult:
        rows = read_served(root / OBSERVATIONS)
        found = drift_of(rows)
        if not found:
            return dg.SensorResult(skip_reason=f"no drift in {len(rows)} answers of the newest version")
        version = rows[-1].version
        if context.cursor == version:
            return dg.SensorResult(skip_reason=f"version {version} drifts, and retraining was asked for: {found}")
        alerts.send(f"version {version} drifts: {found}", context.log)
        request = dg.RunRequest(run_key=f"drift-{version}", tags={"medrwr/why": "drift", "medrwr/drift": found[:255]})
        return dg.SensorResult(run_requests=[request], cursor=version)

    return watch


def _parse(line: str) -> Served | None:
    try:
        row: dict[str, Any] = json.loads(line)
        served = Served(str(row["version"]), float(row["confidence"]), bool(row["reretrieved"]))
    except (ValueError, KeyError, TypeError):  # the last line of a server that is writing it
        return None
    return served if 0 <= served.confidence <= 1 else None
