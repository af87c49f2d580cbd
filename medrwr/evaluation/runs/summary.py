"""The figures of one benchmark: closed and open questions apart, intervals over cases (M28, M31)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from medrwr.evaluation.ladder import Resampling
from medrwr.evaluation.runs.answered import Answered
from medrwr.evaluation.runs.consistency import Consistency
from medrwr.evaluation.scorer import Score, by_choice, summarise
from medrwr.evaluation.scoring.vqa import recall
from medrwr.evaluation.statistics import Interval, bootstrap_mean

_MOST_KINDS = 40


@dataclass(frozen=True, slots=True)
class ClosedSummary:
    """Closed questions; an answer that was not read is wrong, and among `unparsed`, unless a harness `guessed` it.

    Attributes:
        chance: expected accuracy of a uniform guess.
        choice: accuracy of the most probable option, whatever was written; None where no probabilities were read.
        by_kind: accuracy by the benchmark's own kinds of question, where there are several.
        by_script: accuracy by writing system, where there are several.
        stops: how episodes ended, the commonest first.
    """

    score: Score
    accuracy: Interval
    chance: float
    unparsed: int
    guessed: int
    choice: Interval | None
    by_kind: Mapping[str, Interval]
    by_script: Mapping[str, Interval]
    stops: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class OpenSummary:
    """Open questions: `exact` matches of folded words, and the mean `recall` of the right answer's words.

    `unanswered` wrote nothing that could be read, and are wrong.
    """

    questions: int
    right: int
    exact: Interval
    recall: Interval
    unanswered: int
    query_rate: float
    stops: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class BenchmarkSummary:
    """One benchmark of a run. `records` are those of its files, `excluded` by reason; `notes` are for the reader.

    `confidence` has figures of the answers that were read, such as their calibration error; empty without any.
    `consistency` is over several orders of the options, where questions were asked in more than one.
    """

    name: str
    records: int
    closed: ClosedSummary | None
    open: OpenSummary | None
    excluded: Mapping[str, int]
    not_asked: Mapping[str, int]
    notes: tuple[str, ...]
    confidence: Mapping[str, float] = field(default_factory=dict)
    consistency: Consistency | None = None


def summarise_closed(answers: Sequence[Answered], resampling: Resampling) -> ClosedSummary | None:
    """Figures of the closed questions among `answers`; None where there are none."""
    closed = [one for one in answers if one.form == "closed"]
    if not closed:
        return None
    verdicts = [one.verdict for one in closed]
    chosen = by_choice(verdicts) if any(verdict.choice for verdict in verdicts) else None
    clusters = [verdict.cluster for verdict in verdicts]
    score = summarise(verdicts)
    return ClosedSummary(
        score=score,
        accuracy=_mean([verdict.correct for verdict in verdicts], clusters, resampling),
        chance=sum(1 / len(one.options) for one in closed) / len(closed),
        unparsed=sum(not verdict.parsed for verdict in verdicts),
        guessed=sum(one.guessed for one in closed),
        choice=_mean([verdict.correct for verdict in chosen], clusters, resampling) if chosen else None,
        by_kind=_by(closed, lambda one: one.kind, resampling),
        by_script=_by(closed, lambda one: one.script, resampling),
        stops=dict(Counter(one.stop_reason for one in closed if one.stop_reason).most_common()),
    )


def summarise_open(answers: Sequence[Answered], resampling: Resampling) -> OpenSummary | None:
    """Figures of the open questions among `answers`; None where there are none."""
    asked = [one for one in answers if one.form == "open"]
    if not asked:
        return None
    clusters = [one.verdict.cluster for one in asked]
    return OpenSummary(
        questions=len(asked),
        right=sum(one.verdict.correct for one in asked),
        exact=_mean([one.verdict.correct for one in asked], clusters, resampling),
        recall=_mean([recall(one.answer, one.answers) for one in asked], clusters, resampling),
        unanswered=sum(not one.verdict.parsed for one in asked),
        query_rate=sum(one.verdict.queries > 0 for one in asked) / len(asked),
        stops=dict(Counter(one.stop_reason for one in asked if one.stop_reason).most_common()),
    )


def notes_of(answers: Sequence[Answered]) -> tuple[str, ...]:
    """What a reader of the figures must know: one class alone, several writing systems."""
    closed = [one for one in answers if one.form == "closed"]
    notes = []
    golds = Counter((one.options, one.verdict.gold) for one in closed)
    letters = {gold for _, gold in golds}
    if len(closed) > 1 and len(letters) == 1:
        (letter,) = letters
        notes.append(
            f"all {len(closed)} right answers are {letter}: the accuracy is the share of that letter, and tells "
            "nothing of the others"
        )
    scripts = Counter(one.script for one in answers)
    if len(scripts) > 1:
        counts = ", ".join(f"{script} {count}" for script, count in scripts.most_common())
        notes.append(f"questions in {len(scripts)} writing systems ({counts}): see the accuracy of each")
    return tuple(notes)


def _by(closed: Sequence[Answered], key: Callable[[Answered], str], resampling: Resampling) -> dict[str, Interval]:
    groups: dict[str, list[Answered]] = {}
    for one in closed:
        groups.setdefault(key(one), []).append(one)
    if not 1 < len(groups) <= _MOST_KINDS:
        return {}
    return {
        name or "other": _mean(
            [one.verdict.correct for one in group], [one.verdict.cluster for one in group], resampling
        )
        for name, group in sorted(groups.items())
    }


def _mean(values: Sequence[float], clusters: Sequence[str], resampling: Resampling) -> Interval:
    return bootstrap_mean(values, clusters, samples=resampling.samples, level=resampling.level, seed=resampling.seed)
