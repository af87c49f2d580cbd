"""The MLflow server or file that runs and models go to. MLflow is imported when a store is opened, not before."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from medrwr.errors import TrackingError

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

EXPERIMENT = "medrwr"
URI_VARIABLE = "MLFLOW_TRACKING_URI"
# Seconds, not the minutes of MLflow's defaults: training waits for this.
PATIENCE = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
}


@dataclass(frozen=True, slots=True)
class Store:
    """An open connection: `experiment_id` is that of the experiment 'medrwr'."""

    client: MlflowClient
    uri: str
    experiment_id: str
    lock: Path

    def run_link(self, run_id: str) -> str:
        """An address for people where there is a server, else MLflow's own name of the run."""
        if self.uri.startswith("http"):
            return f"{self.uri.rstrip('/')}/#/experiments/{self.experiment_id}/runs/{run_id}"
        return f"runs:/{run_id}"


def tracking_uri(root: Path) -> str:
    """MLFLOW_TRACKING_URI, else sqlite in the workspace."""
    return os.environ.get(URI_VARIABLE) or f"sqlite:///{root.resolve() / 'mlflow.db'}"


def open_store(root: Path) -> Store:
    """Connect, and create the experiment when it is not there.

    Raises:
        TrackingError: MLflow cannot be reached or opened.
    """
    uri = tracking_uri(root)
    for name, value in PATIENCE.items():
        os.environ.setdefault(name, value)
    with translated(uri):
        import mlflow
        from mlflow.tracking import MlflowClient

        mlflow.set_tracking_uri(uri)
        mlflow.set_registry_uri(uri)
        client = MlflowClient(tracking_uri=uri, registry_uri=uri)
        lock = root / "work/tracking/.lock"
        with exclusive(lock):
            experiment = client.get_experiment_by_name(EXPERIMENT)
            if experiment is not None:
                return Store(client, uri, experiment.experiment_id, lock)
            local = None if uri.startswith("http") else (root / "mlruns").resolve().as_uri()
            return Store(client, uri, client.create_experiment(EXPERIMENT, artifact_location=local), lock)


@contextmanager
def translated(uri: str) -> Iterator[None]:
    """Turn what MLflow, its database and its file store raise into one TrackingError with the remedy."""
    from alembic.util import CommandError
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (MlflowException, SQLAlchemyError, CommandError, OSError) as error:
        reason = str(error).splitlines()[0][:300]
        raise TrackingError(
            f"MLflow at {uri} cannot be used: {reason}: start the server, or correct {URI_VARIABLE}"
            " (unset, it is mlflow.db in the workspace)"
        ) from error


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold a lock file: stages that start together must not both create the experiment or the parent run."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield
