"""The gate: what a challenger has to show against the champion before it carries the alias.

The target has to be better by more than `register.minimum_gain`. Beyond that nothing may be lost: no benchmark
significantly worse on the questions that both answered, calibration and latency within bounds, no overlap between
training and test items. A first version has nobody to be worse than. What one side did not measure is said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from medrwr.config import RegisterSettings

SAMPLES = 2000  # resamples of facts behind the interval; no correction for many benchmarks
CALIBRATION, LATENCY = "ece_calibrated", "answer_seconds"

Answers = Mapping[str, Mapping[str, tuple[str, bool]]]
"""Benchmark -> question id -> (fact, right or wrong)."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What the gate says, and why."""

    promote: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known about a version; `overlap` names the training items that resemble test items."""

    metrics: Mapping[str, float] = field(default_factory=dict)
    answers: Answers = field(default_factory=dict)
    overlap: str = ""


@dataclass(frozen=True, slots=True)
class Weighed:
    """Objections stop a promotion; remarks only say what was, or could not be, compared."""

    objections: tuple[str, ...]
    remarks: tuple[str, ...]


def decide(challenger: float, champion: float | None, settings: RegisterSettings) -> Decision:
    """First, or better than the champion on the gate's metric by more than `minimum_gain`."""
    name, needed = settings.gate_metric, settings.minimum_gain
    if champion is None:
        return Decision(True, f"first version with {name} (here {challenger:.4f})")
    gain = round(challenger - champion, 9)  # .52 - .5 is .02, not a little more
    comparison = f"{name} {challenger:.4f} against the champion's {champion:.4f}, gain {gain:+.4f}"
    verdict = "more than" if gain > needed else "not more than"
    return Decision(gain > needed, f"{comparison}: {verdict} the {needed:g} that the gate asks for")


def restrict(decision: Decision, weighed: Weighed) -> Decision:
    """The decision about the target, held back by objections."""
    said = [*(f"but {objection}" for objection in weighed.objections), *weighed.remarks]
    return Decision(decision.promote and not weighed.objections, "; ".join([decision.reason, *said]))


def weigh(challenger: Evidence, champion: Evidence, settings: RegisterSettings) -> Weighed:
    """Everything but the target, within the bounds of `settings`."""
    objections, remarks = _benchmarks(challenger.answers, champion.answers, settings.worse_level)
    slack, factor, seconds = settings.calibration_slack, settings.latency_factor, settings.latency_slack_s
    bounds = (
        (CALIBRATION, 1.0, slack, f"{slack:g} more than"),
        (LATENCY, factor, seconds, f"{factor:g} times, and {seconds:g} s,"),
    )
    for name, times, more, words in bounds:
        if name not in challenger.metrics or name not in champion.metrics:
            remarks.append(f"{name} was not measured for both")
            continue
        now, before = challenger.metrics[name], champion.metrics[name]
        if now > round(before * times + more, 9):
            objections.append(f"{name} is {now:.4f}, over {words} the champion's {before:.4f}")
    if challenger.overlap:
        objections.append(f"training and test items overlap: {challenger.overlap}")
    return Weighed(tuple(objections), tuple(remarks))


def compare_benchmark(
    name: str, now: Mapping[str, tuple[str, bool]], before: Mapping[str, tuple[str, bool]], level: float
) -> str | None:
    """What is significantly worse on the questions that both answered, in words; '' when nothing is, None for none."""
    from medrwr.evaluation.statistics import paired_difference

    both = sorted(now.keys() & before.keys())
    if not both:
        return None
    first, second = ([float(side[key][1]) for key in both] for side in (before, now))
    found = paired_difference(first, second, [now[key][0] for key in both], samples=SAMPLES, level=level)
    if found.interval.upper >= 0:
        return ""
    return (
        f"{name} is significantly worse: {100 * found.interval.estimate:+.1f} points on {len(both)} questions, "
        f"{level:.0%} interval up to {100 * found.interval.upper:+.1f}, McNemar p {found.mcnemar_p:.2g}"
    )


def _benchmarks(challenger: Answers, champion: Answers, level: float) -> tuple[list[str], list[str]]:
    names = sorted({*challenger, *champion})
    found = {name: compare_benchmark(name, challenger.get(name, {}), champion.get(name, {}), level) for name in names}
    objections = [finding for finding in found.values() if finding]
    missing = [name for name, finding in found.items() if finding is None]
    compared = len(found) - len(missing)
    remarks = [f"{compared} benchmarks compared question by question, {len(objections)} significantly worse"]
    if missing:
        remarks.append(f"no common questions in {', '.join(missing)}")
    return objections, remarks
