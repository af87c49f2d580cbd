"""What an evaluation found beyond accuracies - failures, attribution, contamination - as numbers, JSON and sections."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from medrwr.config import Params
from medrwr.evaluation.attribution import Influence
from medrwr.evaluation.case_scaling import CaseScaling, scaling_section
from medrwr.evaluation.finding_tables import (
    clean_section,
    copy_section,
    failure_section,
    flag_section,
    flip_section,
    influence_section,
)
from medrwr.evaluation.judge import Judged, judge_metrics, judge_section
from medrwr.evaluation.ladder import Resampling
from medrwr.evaluation.sections import Section
from medrwr.evaluation.taxonomy import FailureRow
from pipelines.attribution import Attribution, attribute, attribution_metrics
from pipelines.contamination import Contamination, contamination_metrics
from pipelines.failures import failure_metrics, failures_of
from pipelines.measures import Evaluated


@dataclass(frozen=True, slots=True)
class Findings:
    """Wrong answers by kind (M32), what answers owe to retrieval (M31), and what was flagged (M14)."""

    failures: Sequence[FailureRow]
    attribution: Attribution
    contamination: Contamination = field(default_factory=Contamination)
    judged: Judged | None = None
    scaling: tuple[CaseScaling, ...] = ()


def findings_of(
    evaluated: Evaluated,
    *,
    passages: tuple[Influence, ...] = (),
    contamination: Contamination | None = None,
    judged: Judged | None = None,
    scaling: tuple[CaseScaling, ...] = (),
) -> Findings:
    """Of what was played and judged; `passages` are what leaving each out did."""
    return Findings(
        failures_of(evaluated), attribute(evaluated, passages), contamination or Contamination(), judged, scaling
    )


def resampling_of(params: Params) -> Resampling:
    """How this evaluation's intervals are computed (M31)."""
    settings = params.evaluate
    return Resampling(settings.bootstrap_samples, settings.confidence_level, params.base.seed)


def finding_metrics(findings: Findings) -> dict[str, float]:
    """Numbers for metrics/evaluate.json."""
    return {
        **failure_metrics(findings.failures),
        **attribution_metrics(findings.attribution),
        **contamination_metrics(findings.contamination),
        **{f"accuracy_similar_cases_{one.k}": one.accuracy.estimate for one in findings.scaling},
        **(judge_metrics(findings.judged) if findings.judged else {}),
    }


def sections_of(evaluated: Evaluated, findings: Findings, resampling: Resampling) -> tuple[Section, ...]:
    """The report's tables."""
    labels = {rung.name: rung.label for rung in evaluated.ladder.rungs}
    return (
        failure_section(findings.failures, labels),
        flip_section(findings.attribution.flips, labels),
        influence_section(findings.attribution.passages),
        copy_section(findings.attribution.copying, labels),
        scaling_section(findings.scaling),
        judge_section(findings.judged, resampling),
        clean_section(findings.contamination.clean),
        flag_section(findings.contamination.flags),
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
        "accuracy_unflagged": [asdict(one) for one in findings.contamination.clean],
        "flags": [asdict(one) for one in findings.contamination.flags],
        "similar_cases": [asdict(one) for one in findings.scaling],
        "judged": None if findings.judged is None else asdict(findings.judged),
    }
