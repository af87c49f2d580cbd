"""Batch scoring: a table or a folder in, one Parquet file out; killed runs go on where they were."""

from medrwr.serving.batch.run import BatchJob, Progress, predict
from medrwr.serving.batch.scoring import LocalScorer, Scorer, ServerScorer

__all__ = ["BatchJob", "LocalScorer", "Progress", "Scorer", "ServerScorer", "predict"]
