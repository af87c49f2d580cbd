"""Which questions are not independent: those about one image or one fact, and those linked by such (M31)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from medrwr.datasets.benchmarks.record import Item


def clusters_of(items: Sequence[Item]) -> dict[str, str]:
    """A cluster's name by question id: the first question of all that share an image or a fact, directly or in steps.

    VQA-RAD asks several questions of one image, and each of them in two wordings: all are one case.
    """
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        while parent.setdefault(name, name) != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    for item in items:
        own = root(f"question {item.question_id}")
        for shared in _shared(item):
            parent[root(shared)] = own
    first: dict[str, str] = {}
    return {
        item.question_id: first.setdefault(root(f"question {item.question_id}"), item.question_id) for item in items
    }


def _shared(item: Item) -> Iterable[str]:
    yield from (f"image {image}" for image in item.images)
    if item.fact_id:
        yield f"fact {item.fact_id}"
