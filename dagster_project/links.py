"""Links from an asset to what was written about it: the run in MLflow, the report's page, the data docs."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg

from dagster_project.lock import RecordedOut

DOCS_URL = "MEDRWR_DOCS_URL"  # where `make ui` serves the data docs, and `reports` beside them
REPORTS = "reports"


def run_link(recorded: Mapping[str, Any]) -> dict[str, dg.MetadataValue[Any]]:
    """The MLflow run of a stage's last run: an address where a server is named, else MLflow's own name of it."""
    run, experiment = recorded.get("run_id"), recorded.get("experiment_id")
    if not isinstance(run, str):
        return {}
    server = os.environ.get("MLFLOW_TRACKING_URI", "")
    if not server.startswith("http"):
        return {"mlflow_run": dg.MetadataValue.text(f"runs:/{run}")}
    return {"mlflow_run": dg.MetadataValue.url(f"{server.rstrip('/')}/#/experiments/{experiment}/runs/{run}")}


def page_links(root: Path, outs: Sequence[RecordedOut]) -> dict[str, dg.MetadataValue[Any]]:
    """The pages (HTML) among a stage's reports, by file name."""
    folders = [root / out.path for out in outs if Path(out.path).parts[0] == REPORTS]
    pages = sorted(page for folder in folders if folder.is_dir() for page in folder.glob("*.html"))
    return {page.stem: served(page, page.relative_to(root)) for page in pages}


def served(file: Path, path: Path) -> dg.MetadataValue[Any]:
    """`path` at the address where `make ui` serves pages, else the file itself."""
    address = os.environ.get(DOCS_URL)
    return dg.MetadataValue.url(f"{address}/{path.as_posix()}") if address else dg.MetadataValue.path(file)
