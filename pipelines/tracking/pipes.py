"""What a stage tells Dagster when Dagster started it (through DVC: the Pipes variables are inherited)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pipelines.stage import StageResult

if TYPE_CHECKING:
    from dagster_pipes import PipesContext

PIPES_VARIABLE = "DAGSTER_PIPES_CONTEXT"


class DagsterReport:
    """An open Pipes session."""

    def __init__(self, context: PipesContext) -> None:
        self._context = context

    def finish(self, result: StageResult, *, run_link: str | None) -> None:
        """Report headline, metrics and the MLflow run as metadata of each asset that this step makes."""
        metadata: dict[str, Any] = {"headline": {"raw_value": result.headline, "type": "text"}}
        for name, value in result.metrics.items():
            metadata[name] = {"raw_value": float(value), "type": "float"}
        if run_link is not None:
            kind = "url" if run_link.startswith("http") else "text"
            metadata["mlflow_run"] = {"raw_value": run_link, "type": kind}
        self._context.log.info(result.headline)
        for key in self._context.asset_keys:
            self._context.report_asset_materialization(metadata=metadata, asset_key=key)


@contextmanager
def open_dagster_report() -> Iterator[DagsterReport | None]:
    """A report when Dagster's Pipes variables are set, else None."""
    if not os.environ.get(PIPES_VARIABLE):
        yield None
        return
    from dagster_pipes import open_dagster_pipes

    with open_dagster_pipes() as context:
        yield DagsterReport(context)


def root_run() -> str | None:
    """Dagster's run, inside an open report; of a retry the first one, where the Dagster side passes `root_run_id`."""
    if not os.environ.get(PIPES_VARIABLE):
        return None
    from dagster_pipes import PipesContext

    if not PipesContext.is_initialized():
        return None
    context = PipesContext.get()
    return str(context.extras.get("root_run_id") or context.run_id)
