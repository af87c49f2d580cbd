"""Stage `clinic`: write the simulated clinic, and refuse it when training and evaluation items overlap (M14)."""

from __future__ import annotations

from medrwr.clinic.build import build_clinic
from pipelines.disjoint import drop_overlaps, require_disjoint_splits
from pipelines.stage import StageContext, StageResult


def run(context: StageContext) -> StageResult:
    """Documents, images, questions and cases below data/clinic."""
    params = context.params
    counts = build_clinic(params.clinic, context.paths.clinic, seed=params.base.seed, progress=context.sink.progress)
    counts["dropped_overlaps"] = drop_overlaps(context.paths)
    counts["disjoint_pairs"] = require_disjoint_splits(context.paths)
    headline = f"{counts['documents']} documents, {counts['images']} images, {counts['test']} test questions"
    return StageResult({name: float(value) for name, value in counts.items()}, headline)
