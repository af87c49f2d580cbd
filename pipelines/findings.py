"""What an evaluation found beyond accuracies: failures and attribution, as numbers, JSON and sections of the report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from medrwr.evaluation.attribution import Influence
from medrwr.evaluation.finding_tables import copy_section, failure_section, flip_section, influence_section
from medrwr.evaluation.sections import Section
from medrwr.evaluation.taxonomy import FailureRow
from pipelines.attribution import Attribution, attribute, attribution_metrics
from pipelines.failures import failure_metrics, failures_of
from pipelines.measures import Evaluated


@dataclass(frozen=True, slots=True)
class Findings:
    """Wrong answers by kind (M32), and what answers owe to retrieval (M31)."""

    failures: Sequence[FailureRow]
    attribution: Attribution


def findings_of(evaluated: Evaluated, *, passages: tuple[Influence, ...] = ()) -> Findings:
    """Of what was played and judged; `passages` are what leaving each out did."""
    return Findings(failures_of(evaluated), attribute(evaluated, passages))


def finding_metrics(findings: Findings) -> dict[str, float]:
    """Numbers for metrics/evaluate.json."""
    return {**failure_metrics(findings.failures), **attribution_metrics(findings.attribution)}


def sections_of(evaluated: Evaluated, findings: Findings) -> tuple[Section, ...]:
    """The report's tables."""
    labels = {rung.name: rung.label for rung in evaluated.ladder.rungs}
    return (
        failure_section(findings.failures, labels),
        flip_section(findings.attribution.flips, labels),
        influence_section(findings.attribution.passages),
        copy_section(findings.attribution.copying, labels),
    )


def findings_json(findings: Findings) -> dict[str, Any]:
    """All of it, with its keys spelled out."""
    attribution = findings.attribution
    return {
        "failures": [asdict(row) for row in findings.failures],
        "flips": [
            {"first": first, "second": second, "cell": cell, **asdict(one)}
            for (first, second, cell), one in attribution.flips.items()
        ],
        "copying": [
            {"rung": rung, "cell": cell, "queries": queries, "copied": rate}
            for (rung, cell), (queries, rate) in attribution.copying.items()
        ],
        "passages": [asdict(one) for one in attribution.passages],
    }
