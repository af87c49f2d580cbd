"""Whether answers follow the options' text or their order: the same questions in several orders (M31)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from medrwr.errors import SampleError
from medrwr.evaluation.ladder import Resampling
from medrwr.evaluation.runs.answered import Answered
from medrwr.evaluation.statistics import Interval, bootstrap_mean
from medrwr.types import LETTERS


@dataclass(frozen=True, slots=True)
class Consistency:
    """Over questions that were answered in every order; an answer that was not read agrees with none.

    Attributes:
        same: share whose chosen option is the same text in every order.
        always_right: share that is right in every order.
        accuracies: of each order.
        letters: how often each letter was chosen, over all orders: a policy without a bias chooses them alike.
    """

    orders: int
    same: Interval
    always_right: Interval
    accuracies: tuple[float, ...]
    letters: dict[str, int]


def consistency_of(by_order: Sequence[Sequence[Answered]], resampling: Resampling) -> Consistency:
    """Of one benchmark's answers, a sequence for each order.

    Raises:
        SampleError: fewer than two orders, or no question that was answered in all.
    """
    if len(by_order) < 2:
        raise SampleError(f"{len(by_order)} order of options, expected at least 2: give --orders")
    answers = [{one.verdict.question_id: one for one in order if one.form == "closed"} for order in by_order]
    common = sorted(set.intersection(*(set(order) for order in answers)))
    if not common:
        raise SampleError(f"0 questions were answered in all of {len(by_order)} orders: check what was excluded")
    asked = [[order[name] for order in answers] for name in common]
    clusters = [first.verdict.cluster for first, *_ in asked]
    chosen = [one.verdict.letter for ones in asked for one in ones if one.verdict.letter]
    return Consistency(
        orders=len(by_order),
        same=_mean([_same(ones) for ones in asked], clusters, resampling),
        always_right=_mean([all(one.verdict.correct for one in ones) for ones in asked], clusters, resampling),
        accuracies=tuple(
            sum(ones[place].verdict.correct for ones in asked) / len(asked) for place in range(len(by_order))
        ),
        letters={letter: chosen.count(letter) for letter in LETTERS if letter in chosen},
    )


def _same(ones: Sequence[Answered]) -> bool:
    texts = {_text(one) for one in ones}
    return len(texts) == 1 and None not in texts


def _text(one: Answered) -> str | None:
    return one.options[LETTERS.index(one.verdict.letter)] if one.verdict.letter else None


def _mean(values: Sequence[bool], clusters: Sequence[str], resampling: Resampling) -> Interval:
    return bootstrap_mean(values, clusters, samples=resampling.samples, level=resampling.level, seed=resampling.seed)
