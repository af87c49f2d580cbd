"""Stage `clinic`: write the simulated clinic, published sets in their place, and refuse overlapping items (M14)."""

from __future__ import annotations

from medrwr.clinic.archive import write_archive
from medrwr.clinic.build import build_clinic
from pipelines.disjoint import drop_overlaps, require_disjoint_splits
from pipelines.published import take_in
from pipelines.stage import StageContext, StageResult


def run(context: StageContext) -> StageResult:
    """Documents, images, questions and cases below data/clinic, reports below data/archive."""
    params, paths, progress = context.params, context.paths, context.sink.progress
    counts = build_clinic(params.clinic, paths.clinic, seed=params.base.seed, progress=progress)
    counts["archive"] = write_archive(
        params.clinic, paths.archive, seed=params.base.seed, image_root=paths.clinic, progress=progress
    )
    counts |= take_in(context)
    counts["dropped_overlaps"] = drop_overlaps(paths)
    counts["disjoint_pairs"] = require_disjoint_splits(paths)
    headline = f"{counts['documents']} documents, {counts['images']} images, {counts['test']} test questions"
    if published := [*params.datasets.rl_text, *params.datasets.image_cases]:
        headline += f"; from {', '.join(published)}: {counts['quarantined']} records quarantined"
    return StageResult({name: float(value) for name, value in counts.items()}, headline)
