"""Dagster's code location: `dagster dev -m dagster_project.definitions`.

Loads in under 3 s: no torch, no MLflow, no Great Expectations before a stage or a check runs.
"""

from __future__ import annotations

import os
import warnings
from pathlib import Path

import dagster as dg

from dagster_project.project import build_definitions

WORKSPACE = "MEDRWR_WORKSPACE"  # the folder with dvc.yaml; the current one by default
CONCURRENT = "MEDRWR_MAX_CONCURRENT"  # stages at a time; 1 by default, as `dvc repro`

warnings.filterwarnings("ignore", category=dg.BetaWarning)  # observable assets, which stand for frozen stages

defs = build_definitions(
    Path(os.environ.get(WORKSPACE, ".")).resolve(), max_concurrent=int(os.environ.get(CONCURRENT, "1"))
)
