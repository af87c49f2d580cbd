"""Full text and vectors become one ranking: by rank, or by score; a weight for each list.

By rank (Cormack, Clarke & Buettcher 2009, SIGIR): score(d) = sum over lists of weight / (k + rank of d), ranks from 1;
a list without d adds nothing. With k = 60 and equal weights, ranks (10, 10) beat rank 1 in one list alone, however
sure that list is; a small k does not let them.

By score (the convex combination of Bruch, Gai & Ingber 2023, ACM TOIS 42(1)): score(d) = sum over lists of weight *
score of d / best score. A list that is sure, whose first stands out, then counts for more than one whose scores are
all alike. A list that was cut before d gives it the score of its last; one that named all that it found gives 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

Fusion = Literal["rank", "score"]


class Ranked(Protocol):
    """One entry of a list, best first."""

    @property
    def identity(self) -> str: ...
    @property
    def score(self) -> float: ...


def fuse(rankings: Sequence[Sequence[str]], weights: Sequence[float], *, k: int, limit: int) -> list[tuple[str, float]]:
    """By rank: the `limit` best ids with their scores, best first; ties go to the smaller id, so that the order is one.

    Example:
        >>> fuse([["a", "b"], ["b"]], [0.5, 0.5], k=1, limit=2)
        [('b', 0.4166666666666667), ('a', 0.25)]
    """
    scores: dict[str, float] = {}
    for ranking, weight in zip(rankings, weights, strict=True):
        for rank, identity in enumerate(ranking, start=1):
            scores[identity] = scores.get(identity, 0.0) + weight / (k + rank)
    return _best(scores, limit)


def blend(
    lists: Sequence[Sequence[Ranked]], weights: Sequence[float], *, depth: int, limit: int
) -> list[tuple[str, float]]:
    """By score: as `fuse`; `depth` is how many entries each list was asked for."""
    scores: dict[str, float] = dict.fromkeys((entry.identity for ranking in lists for entry in ranking), 0.0)
    for ranking, weight in zip(lists, weights, strict=True):
        if not ranking or ranking[0].score <= 0:
            continue  # nothing found, or nothing alike: it has no say
        best = ranking[0].score
        absent = max(0.0, ranking[-1].score) / best if len(ranking) >= depth else 0.0
        said = {entry.identity: entry.score / best for entry in ranking}
        for identity in scores:
            scores[identity] += weight * said.get(identity, absent)
    return _best(scores, limit)


def _best(scores: dict[str, float], limit: int) -> list[tuple[str, float]]:
    return sorted(scores.items(), key=lambda item: (-item[1], item[0]))[:limit]
