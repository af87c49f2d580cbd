"""Two runs, or several seeds of each, on the same questions: what differs, and whether it can be chance (M31)."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from medrwr.errors import ArtefactError, SampleError
from medrwr.evaluation.ladder import Resampling
from medrwr.evaluation.permutation import holm
from medrwr.evaluation.runs.answered import Answered, Form
from medrwr.evaluation.runs.folder import PER_QUESTION, SUMMARY, Claim, parse_lines, read_claim
from medrwr.evaluation.scorer import by_choice
from medrwr.evaluation.statistics import PairedDifference, paired_difference

_SEEDED = ("seed", "temperature")  # of a claim's settings: what several runs of one side may differ in


@dataclass(frozen=True, slots=True)
class Run:
    """A finished run as it is read back."""

    path: Path
    claim: Claim
    answers: Mapping[tuple[str, str], Answered]


@dataclass(frozen=True, slots=True)
class Difference:
    """The second side minus the first on one benchmark's closed or open questions.

    Attributes:
        first, second: accuracies; shares of right answers over all runs of a side.
        holm_p: the permutation test's p, corrected for all benchmarks compared.
        unpaired: questions that not every run answered; they are left out.
    """

    benchmark: str
    form: Form
    first: float
    second: float
    difference: PairedDifference
    unpaired: int
    holm_p: float = 1.0


def read_run(path: Path) -> Run:
    """A finished run.

    Raises:
        ArtefactError: no run, a damaged one, or one that has not come to its end.
    """
    claim = read_claim(path)
    if not (path / SUMMARY).is_file():
        raise ArtefactError(f"the run in {path} has not come to its end: give its `medrwr eval` again, it goes on")
    with (path / PER_QUESTION).open("rb") as stream:
        answers = parse_lines(stream, str(path / PER_QUESTION))
    return Run(path, claim, {one.name: one for one in answers})


def most_probable(run: Run) -> Run:
    """The run with every closed answer read as its most probable option: see `medrwr.evaluation.scorer.by_choice`."""
    read = {
        name: replace(one, verdict=by_choice([one.verdict])[0]) if one.form == "closed" else one
        for name, one in run.answers.items()
    }
    return replace(run, answers=read)


def compare_runs(first: Sequence[Run], second: Sequence[Run], resampling: Resampling) -> list[Difference]:
    """Every benchmark of the runs, by paired questions; several runs of a side count as shares of right answers.

    Raises:
        SampleError: runs of different questions, or runs of one side that are not of one model and setting.
    """
    for side in (first, second):
        _require_one_side(side)
    for other in (*first[1:], *second):
        _require_same_questions(first[0], other)
    runs = math.lcm(len(first), len(second))
    found = [_difference(benchmark, form, first, second, runs, resampling) for benchmark, form in _parts(first[0])]
    adjusted = holm([one.difference.permutation_p for one in found])
    return [replace(one, holm_p=float(p)) for one, p in zip(found, adjusted, strict=True)]


def _parts(run: Run) -> list[tuple[str, Form]]:
    return list(dict.fromkeys((one.benchmark, one.form) for one in run.answers.values()))


def _difference(
    benchmark: str, form: Form, first: Sequence[Run], second: Sequence[Run], runs: int, resampling: Resampling
) -> Difference:
    asked = Counter(
        name
        for run in (*first, *second)
        for name, one in run.answers.items()
        if (one.benchmark, one.form) == (benchmark, form)
    )
    paired = [name for name, count in asked.items() if count == len(first) + len(second)]
    if not paired:
        raise SampleError(f"0 questions of {benchmark} were answered by all runs: compare runs of the same questions")
    share_1, share_2 = _shares(paired, first), _shares(paired, second)
    difference = paired_difference(
        share_1,
        share_2,
        [first[0].answers[name].verdict.cluster for name in paired],
        samples=resampling.samples,
        level=resampling.level,
        seed=resampling.seed,
        runs=runs,
    )
    total = len(paired)
    return Difference(benchmark, form, sum(share_1) / total, sum(share_2) / total, difference, len(asked) - total)


def _shares(names: Sequence[tuple[str, str]], runs: Sequence[Run]) -> list[float]:
    return [sum(run.answers[name].verdict.correct for run in runs) / len(runs) for name in names]


def _require_one_side(runs: Sequence[Run]) -> None:
    one = runs[0]
    for other in runs[1:]:
        if other.path.resolve() == one.path.resolve():
            raise SampleError(f"{other.path} is given twice: pool runs of different seeds")
        if dict(one.claim.digests) != dict(other.claim.digests):
            raise SampleError(f"{one.path} and {other.path} are of different models or indexes: pool seeds of one only")
        if _unseeded(one.claim) != _unseeded(other.claim):
            raise SampleError(f"{one.path} and {other.path} differ in settings other than the seed: pool seeds only")


def _unseeded(claim: Claim) -> dict[str, object]:
    return {name: value for name, value in claim.settings.items() if name not in _SEEDED}


def _require_same_questions(one: Run, other: Run) -> None:
    first, second = dict(one.claim.benchmarks), dict(other.claim.benchmarks)
    if first.keys() != second.keys():
        raise SampleError(
            f"{one.path} is of {', '.join(first)}, {other.path} of {', '.join(second)}: compare runs of the same "
            "benchmarks"
        )
    if different := [name for name in first if first[name] != second[name]]:
        raise SampleError(
            f"{one.path} and {other.path} were asked different questions of {', '.join(different)}: run both over the "
            "same data, --split and --limit"
        )
