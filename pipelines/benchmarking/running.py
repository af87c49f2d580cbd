"""One run: every question asked once, kept as it is answered; then figures, page and table."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from medrwr.calibration.reliability import reliability
from medrwr.calibration.selective import auroc, risk_coverage
from medrwr.datasets.benchmarks.record import Item, kind_of
from medrwr.evaluation.ladder import Resampling
from medrwr.evaluation.runs.answered import Answered
from medrwr.evaluation.runs.consistency import Consistency, consistency_of
from medrwr.evaluation.runs.folder import SUMMARY, Claim, RunFolder
from medrwr.evaluation.runs.pages import run_html, run_markdown
from medrwr.evaluation.runs.summary import BenchmarkSummary, notes_of, summarise_closed, summarise_open
from medrwr.evaluation.scoring.modes import STRICT
from medrwr.records import write_records
from medrwr.types import Quarantined
from pipelines.benchmarking.asked import Asked, Selection
from pipelines.benchmarking.ordering import is_order_of
from pipelines.benchmarking.playing import Answering, Manner
from pipelines.benchmarking.subject import Named

Progress = Callable[[int, int, str], None]
EXCLUDED = "excluded.jsonl"
_BINS = 10


@dataclass
class Answers:
    """What a run has so far: answers by benchmark and question, and what could not be asked."""

    found: dict[tuple[str, str], Answered]
    refused: list[Quarantined] = field(default_factory=list)

    def of(self, asked: Asked) -> list[Answered]:
        """A benchmark's answers in the order of its questions."""
        names = [(asked.benchmark.name, question.question_id) for question in asked.items]
        return [self.found[name] for name in names if name in self.found]


def claim_of(subject: Named, asked: Sequence[Asked], selection: Selection, manner: Manner) -> Claim:
    """What this run is of."""
    settings = {**asdict(selection), **asdict(manner), "params": dict(subject.settings)}
    return Claim(subject.name, dict(subject.digests), {one.benchmark.name: one.digest for one in asked}, settings)


def play_all(
    folder: RunFolder, answers: Answers, player: Answering, asked: Sequence[Asked], progress: Progress
) -> None:
    """Ask what is not answered yet, a batch at a time; each batch is on disk before the next is asked."""
    for one in asked:
        name, total = one.benchmark.name, len(one.items)
        pending = [question for question in one.items if (name, question.question_id) not in answers.found]
        for start in range(0, len(pending), player.batch_size):
            batch: list[Item] = pending[start : start + player.batch_size]
            played = list(player.play(name, batch, one.benchmark.image_root, one.clusters))
            fresh = [result for result in played if isinstance(result, Answered)]
            folder.append(fresh)
            answers.found |= {result.name: result for result in fresh}
            answers.refused += [result for result in played if isinstance(result, Quarantined)]
            progress(total - len(pending) + start + len(batch), total, name)


def summarise_all(answers: Answers, asked: Sequence[Asked], resampling: Resampling) -> list[BenchmarkSummary]:
    """The figures of every benchmark; of one in several orders of options, the first has their consistency."""
    return [
        replace(_summary(answers, one, resampling), consistency=_consistency(answers, one, asked, resampling))
        for one in asked
    ]


def write_run(
    folder: RunFolder,
    subject: Named,
    answers: Answers,
    asked: Sequence[Asked],
    summaries: Sequence[BenchmarkSummary],
    *,
    scoring: str = STRICT,
) -> Path:
    """summary.json, report.md, report.html and excluded.jsonl; returns the page's path."""
    excluded = [item for one in asked for item in one.benchmark.excluded]
    write_records(folder.path / EXCLUDED, [*excluded, *answers.refused])
    figures = {
        "model": subject.name,
        "digests": dict(subject.digests),
        "scoring": scoring,
        "benchmarks": list(map(asdict, summaries)),
    }
    facts = {"model": subject.name, **{name: value[:12] for name, value in subject.digests.items()}}
    facts["scoring"] = scoring
    facts |= {"note": subject.note} if subject.note else {}
    title = f"Evaluation on {', '.join(one.name for one in summaries)}"
    folder.write("report.md", run_markdown(title, summaries, facts))
    everything = [answered for one in asked for answered in answers.of(one)]
    page = folder.write("report.html", run_html(title, summaries, facts, everything))
    folder.write(SUMMARY, json.dumps(figures, indent=1, ensure_ascii=False) + "\n")
    return page


def _consistency(answers: Answers, one: Asked, asked: Sequence[Asked], resampling: Resampling) -> Consistency | None:
    orders = [one, *(other for other in asked if is_order_of(other, one))]
    return consistency_of([answers.of(order) for order in orders], resampling) if len(orders) > 1 else None


def _summary(answers: Answers, asked: Asked, resampling: Resampling) -> BenchmarkSummary:
    name, found = asked.benchmark.name, answers.of(asked)
    refused = [item for item in answers.refused if item.origin == name]
    reasons = Counter(asked.benchmark.reasons) + Counter(kind_of(item.reason) for item in refused)
    return BenchmarkSummary(
        name=name,
        records=asked.benchmark.records,
        closed=summarise_closed(found, resampling),
        open=summarise_open(found, resampling),
        excluded=dict(reasons.most_common()),
        not_asked=dict(asked.not_asked),
        notes=notes_of(found),
        confidence=confidence_of(found),
    )


def confidence_of(answers: Sequence[Answered]) -> dict[str, float]:
    """How well the confidence of closed answers holds (M27, M31), over those that were read; empty without any."""
    read = [(one.confidence, one.verdict.correct) for one in answers if one.confidence is not None]
    if not read:
        return {}
    confidence, correct = [value for value, _ in read], [right for _, right in read]
    found, separation = reliability(confidence, correct, bins=_BINS), auroc(confidence, correct)
    figures = {
        "answers": float(len(read)),
        "ece": found.ece,
        "ece_adaptive": found.ece_adaptive,
        "brier": found.brier,
        "brier_constant": found.brier_constant,
        "risk_coverage_area": risk_coverage(confidence, correct).area,
    }
    return figures if separation is None else {**figures, "auroc": separation}
