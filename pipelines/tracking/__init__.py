"""How a stage's numbers leave it: progress on the terminal, a run in MLflow, metadata to Dagster."""

from pipelines.tracking.tracker import Tracker, open_tracker

__all__ = ["Tracker", "open_tracker"]
