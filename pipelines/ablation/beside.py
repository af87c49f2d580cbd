"""What stands beside a table: confidence before and after a second look (Fig. 3c), a judge's scores (Table 14)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from medrwr.evaluation.judge import Judged, Judgement, Scores, judge_section
from medrwr.evaluation.ladder import CELLS, Resampling
from medrwr.evaluation.results import CELL_LABELS
from medrwr.evaluation.statistics import Interval, bootstrap_mean
from medrwr.types import LETTERS


@dataclass(frozen=True, slots=True)
class Change:
    """Mean probability of the chosen option, first and second answer; `gain` is their difference."""

    cell: str
    before: float
    after: float
    gain: Interval

    @property
    def text(self) -> str:
        """For people."""
        bounds = f"[{self.gain.lower:+.2f}, {self.gain.upper:+.2f}]"
        return (
            f"{CELL_LABELS[self.cell]}: mean confidence of the {self.gain.questions} questions asked again "
            f"{self.before:.2f} -> {self.after:.2f}, {self.gain.estimate:+.2f} {bounds}"
        )


def changes_of(looks: Mapping[int, Iterable[Mapping[str, Any]]], *, samples: int, level: float) -> list[Change]:
    """By cell, over the second looks of all seeds: lines of second_looks.jsonl. A cell without any is left out."""
    pairs: dict[str, list[tuple[str, float, float]]] = {}
    for seed, lines in looks.items():
        for line in lines:
            if line["asked"] and line["second_probs"]:
                before, after = (_chosen(line[which], line[f"{which}_probs"]) for which in ("first", "second"))
                pairs.setdefault(line["cell"], []).append((f"{seed}/{line['question_id']}", before, after))
    return [_change(cell, pairs[cell], samples, level) for cell in CELLS if cell in pairs]


def scores_of(findings: Iterable[Mapping[str, Any]], *, samples: int, level: float) -> list[str]:
    """Each criterion, ours beside the paper's, over the judgements of all seeds' findings.json."""
    judged = [found["judged"] for found in findings if found.get("judged")]
    judgements = tuple(
        Judgement(one["question_id"], f"{seed}/{one['cluster']}", Scores(**one["scores"]))
        for seed, found in enumerate(judged)
        for one in found["judgements"]
    )
    if not judgements:
        return ["no answer was judged"]
    section = judge_section(Judged(judged[0]["model"], judgements, {}), Resampling(samples, level))
    lines = [f"{name}: {ours} [{interval}], the paper's {paper}" for name, ours, interval, paper in section.rows]
    return [*lines, f"{len(judgements)} answers, judged by {judged[0]['model']}"]


def _chosen(letter: str | None, probs: list[float]) -> float:
    return probs[LETTERS.index(letter)] if letter and probs else 0.0


def _change(cell: str, pairs: list[tuple[str, float, float]], samples: int, level: float) -> Change:
    names, before, after = zip(*pairs, strict=True)
    halves = [(1 + second - first) / 2 for first, second in zip(before, after, strict=True)]  # in [0, 1], as asked for
    mean = bootstrap_mean(halves, names, samples=samples, level=level)
    estimate, lower, upper = (2 * value - 1 for value in (mean.estimate, mean.lower, mean.upper))
    gain = replace(mean, estimate=estimate, lower=lower, upper=upper)
    return Change(cell, sum(before) / len(before), sum(after) / len(after), gain)
