"""Reciprocal rank fusion (Cormack, Clarke & Buettcher 2009, SIGIR), with a weight for each list.

score(d) = sum over lists of weight / (k + rank of d), ranks from 1; a list without d adds nothing. With k = 60 and
equal weights, ranks (10, 10) beat rank 1 in one list alone, however sure that list is; a small k does not let them.
"""

from __future__ import annotations

from collections.abc import Sequence


def fuse(rankings: Sequence[Sequence[str]], weights: Sequence[float], *, k: int, limit: int) -> list[tuple[str, float]]:
    """The `limit` best ids with their scores, best first; ties go to the smaller id, so that the order is one.

    Example:
        >>> fuse([["a", "b"], ["b"]], [0.5, 0.5], k=1, limit=2)
        [('b', 0.4166666666666667), ('a', 0.25)]
    """
    scores: dict[str, float] = {}
    for ranking, weight in zip(rankings, weights, strict=True):
        for rank, identity in enumerate(ranking, start=1):
            scores[identity] = scores.get(identity, 0.0) + weight / (k + rank)
    return sorted(scores.items(), key=lambda item: (-item[1], item[0]))[:limit]
