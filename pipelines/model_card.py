"""The model card of a version (Mitchell et al. 2019, arXiv:1810.03993): data, digests, figures, limits, use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from medrwr.serving.references import Reference

BENCHMARK_SUFFIX = "_accuracy"
OTHER_FIGURES = ("ece_raw", "ece_calibrated", "brier_calibrated", "auroc", "risk_coverage_area", "questions")
INTENDED = (
    "Research on medical multiple-choice questions, with and without an image, answered with retrieved passages. "
    "Every answer comes with its passages, its confidence and, below a threshold, the advice to ask a person."
)
LIMITS = (
    "Not a medical device, and no answer is medical advice: not for diagnosis, triage or treatment.",
    "It knows what its knowledge base holds: without a passage that answers the question it guesses.",
    "Its confidence was calibrated on the calibration split; on other kinds of questions it means less.",
    "The figures below hold for questions of the benchmarks' kind, and for the model with its index and calibration.",
)


def model_card(
    name: str,
    references: Sequence[Reference],
    metrics: Mapping[str, float],
    *,
    data: Mapping[str, str],
    settings: Mapping[str, object],
) -> str:
    """The card as Markdown. `data`: path -> md5 of what the registration saw; no time in it, so it can be compared."""
    parts = [
        f"# {name}",
        f"## Intended use\n\n{INTENDED}",
        "## Limits\n\n" + "\n".join(f"- {limit}" for limit in LIMITS),
        "## Figures\n\n" + _figures(metrics),
        "## Artefacts\n\n"
        + _table(("artefact", "path", "SHA-256"), [(one.name, one.path, one.sha256) for one in references]),
        "## Data\n\n" + (_table(("path", "md5"), sorted(data.items())) if data else "No dvc.lock beside it."),
        "## Settings\n\n" + _table(("section", "values"), [(key, str(value)) for key, value in settings.items()]),
    ]
    return "\n\n".join(parts) + "\n"


def _figures(metrics: Mapping[str, float]) -> str:
    rows: list[tuple[str, ...]] = []
    for name in sorted(metrics):
        lower, upper = metrics.get(f"{name}_lower"), metrics.get(f"{name}_upper")
        if name.endswith(BENCHMARK_SUFFIX) and lower is not None and upper is not None:
            rows.append((name, f"{metrics[name]:.4f}", f"{lower:.4f} to {upper:.4f}"))
    rows += [(name, f"{metrics[name]:.4g}", "") for name in OTHER_FIGURES if name in metrics]
    return _table(("measure", "value", "95% interval"), rows)


def _table(headings: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = ["| " + " | ".join(headings) + " |", "|" + " --- |" * len(headings)]
    return "\n".join([*lines, *("| " + " | ".join(cell.replace("|", "/") for cell in row) + " |" for row in rows)])
