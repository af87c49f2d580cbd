"""How a stage's numbers leave it: progress on the terminal, a run in MLflow, metadata to Dagster.

One parent run for each pipeline run (`provenance.pipeline_key`), a child for each tracked stage. A run is a
sequence of events (`events`): written to a journal, and played to MLflow (`player`) at once or, when it is away, later.
"""

from pipelines.tracking.opening import open_tracker
from pipelines.tracking.tracker import Tracker

__all__ = ["Tracker", "open_tracker"]
