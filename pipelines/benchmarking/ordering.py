"""Closed questions with their options in other orders: who follows the letter and not the text is found out (M31)."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np

from medrwr.datasets.benchmarks.record import Benchmark
from medrwr.errors import SampleError
from medrwr.types import Question
from pipelines.benchmarking.asked import Asked


def in_orders(asked: Asked, orders: int) -> list[Asked]:
    """`asked` as it is, then its closed questions in `orders - 1` further orders, as benchmarks `<name>#2` and so on.

    Every question has orders of its own, by its id: the same in every run. Two options have two orders, n have n!;
    a further order is never the first, and two further ones may be alike.

    Raises:
        SampleError: further orders of no closed question.
    """
    closed = [item for item in asked.items if isinstance(item, Question)]
    if orders > 1 and not closed:
        raise SampleError(
            f"{asked.benchmark.name} has 0 closed questions to put in {orders} orders: leave out --orders"
        )
    return [asked, *(_reordered(asked, closed, order) for order in range(2, orders + 1))]


def is_order_of(other: Asked, one: Asked) -> bool:
    """Whether `other` is `one` with its options in another order."""
    return other.benchmark.name.startswith(f"{one.benchmark.name}#")


def _reordered(asked: Asked, closed: list[Question], order: int) -> Asked:
    items = tuple(shuffled(question, order) for question in closed)
    benchmark = Benchmark(f"{asked.benchmark.name}#{order}", items, (), (), asked.benchmark.image_root)
    return Asked(benchmark, items, asked.clusters, {})


def shuffled(question: Question, order: int) -> Question:
    """The question with its options in another order, drawn by its id and `order`."""
    seed = int.from_bytes(hashlib.sha256(f"{question.question_id}\0{order}".encode()).digest()[:8])
    generator, places = np.random.default_rng(seed), list(range(len(question.options)))
    while places == sorted(places):
        places = generator.permutation(len(question.options)).tolist()
    options = tuple(question.options[place] for place in places)
    return replace(question, options=options, answer=places.index(question.answer))
