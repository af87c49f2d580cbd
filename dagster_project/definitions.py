"""Dagster's code location: `dagster dev -m dagster_project.definitions`.

Loads in under 3 s: no torch, no MLflow, no Great Expectations before a stage or a check runs.
"""

from __future__ import annotations

import os
import warnings
from pathlib import Path

import dagster as dg

from dagster_project.project import Automation, build_definitions
from medrwr.errors import ConfigError

WORKSPACE = "MEDRWR_WORKSPACE"  # the folder with dvc.yaml; the current one by default
CONCURRENT = "MEDRWR_MAX_CONCURRENT"  # stages at a time; 1 by default, as `dvc repro`
AUTOMATION = "MEDRWR_AUTOMATION"  # "on": schedule, sensors and conditions run by themselves; off by default
INTERVAL = "MEDRWR_SENSOR_SECONDS"  # how often sensors look; 30 by default
WEBHOOK = "MEDRWR_WEBHOOK"  # where alerts go; nowhere but the log by default

warnings.filterwarnings("ignore", category=dg.BetaWarning)  # observable assets, which stand for frozen stages


def _automation() -> Automation:
    wanted = os.environ.get(AUTOMATION, "off")
    if wanted not in ("on", "off"):
        raise ConfigError(f"{AUTOMATION} = {wanted!r}, expected on or off")
    return Automation(wanted == "on", int(os.environ.get(INTERVAL, "30")), os.environ.get(WEBHOOK, ""))


defs = build_definitions(
    Path(os.environ.get(WORKSPACE, ".")).resolve(),
    max_concurrent=int(os.environ.get(CONCURRENT, "1")),
    automation=_automation(),
)
