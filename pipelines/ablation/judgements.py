"""Scores of the reasoning beside the paper's (Table 14), from the evaluations of a grid's reference row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from medrwr.evaluation.judge import HIGHEST, PUBLISHED
from medrwr.evaluation.statistics import Interval, bootstrap_mean


@dataclass(frozen=True, slots=True)
class Criterion:
    """Mean score of one criterion, 0 to 5, over all seeds; `paper` is the published one."""

    name: str
    score: Interval
    paper: float

    @property
    def text(self) -> str:
        """For people."""
        low, high = self.score.lower, self.score.upper
        return (
            f"{self.name}: {self.score.estimate:.2f} [{low:.2f}, {high:.2f}] of {HIGHEST} over "
            f"{self.score.questions} answers; the paper's {self.paper:.1f}"
        )


def criteria_of(findings: Mapping[int, Mapping[str, Any]], *, samples: int, level: float) -> list[Criterion]:
    """By criterion, over findings.json of all seeds; none where nothing was judged."""
    scored = [
        (f"{seed}/{one['cluster']}", one["scores"])
        for seed, found in findings.items()
        for one in (found.get("judged") or {}).get("judgements", ())
    ]
    if not scored:
        return []
    clusters = [cluster for cluster, _ in scored]
    return [
        Criterion(name, _mean((_score(scores, name) for _, scores in scored), clusters, samples, level), paper)
        for name, paper in PUBLISHED.items()
    ]


def _score(scores: Mapping[str, int], name: str) -> float:
    return float(scores[name]) if name in scores else sum(scores.values()) / len(scores)


def _mean(values: Iterable[float], clusters: list[str], samples: int, level: float) -> Interval:
    found = bootstrap_mean([value / HIGHEST for value in values], clusters, samples=samples, level=level)
    estimate, lower, upper = (HIGHEST * share for share in (found.estimate, found.lower, found.upper))
    return Interval(estimate, lower, upper, found.questions, found.clusters, found.method)
