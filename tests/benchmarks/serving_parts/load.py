"""Sixteen callers at once, beside the reference's way: one request at a time, its loop."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import numpy as np

from medrwr.policy.loading import Policy
from medrwr.rollout.engine import RolloutRequest
from medrwr.serving.client import Client
from tests.benchmarks.rollout_speed import reference_play
from tests.benchmarks.serving_parts.figures import Figure, Size, World, at_least
from tests.rollout.world import question
from tests.serving.http.world import Running, Shelf, running

Result = TypeVar("Result")
ROUNDS = 3
REFERENCE = 12  # requests of the reference a round


def measure(size: Size, folder: Path, world: World) -> list[Figure]:
    """Answers a second of both, in turns; the ratio is the median of the rounds'."""
    policy, images = world.policy, world.images
    played = world.answerer().engine.run([request_of(number, images) for number in range(8)], temperature=0.0)
    limit = 2 * round(float(np.percentile([len(one.completion_ids) for one in played], 99)))
    rates: dict[str, list[float]] = {"served": [], "reference": []}
    waits: list[float] = []
    with running(Shelf(world.answerer), folder) as server:
        ask(server, images, 0)
        for _ in range(1 if size.answers < 100 else ROUNDS):
            seconds, taken = timed(lambda: callers(server, images, size))
            rates["served"].append(size.answers / taken)
            waits += seconds
            _, taken = timed(lambda: [alone(policy, images, number, limit) for number in range(REFERENCE)])
            rates["reference"].append(REFERENCE / taken)
        first = [first_event(server, images, number) for number in range(REFERENCE)]
    ratio = float(np.median([ours / theirs for ours, theirs in zip(rates["served"], rates["reference"], strict=True)]))
    return [
        Figure("answers_a_second", float(np.median(rates["served"]))),
        Figure("reference_answers_a_second", float(np.median(rates["reference"]))),
        at_least("times_reference", ratio, 5.0),
        Figure("p50_s", float(np.percentile(waits, 50))),
        Figure("p99_s", float(np.percentile(waits, 99))),
        Figure("first_event_s", float(np.median(first))),
    ]


def callers(server: Running, images: Path, size: Size) -> list[float]:
    """Seconds of each answer; each caller asks its next question when it has the answer to the last one."""
    with ThreadPoolExecutor(size.clients) as pool:
        return list(pool.map(lambda number: ask(server, images, number), range(size.answers)))


def ask(server: Running, images: Path, number: int) -> float:
    asked = question(number, image=True)
    _, seconds = timed(lambda: server.client.answer(asked.text, asked.options, image=images / asked.images[0]))
    return seconds


def first_event(server: Running, images: Path, number: int) -> float:
    """Seconds to the first streamed event, nobody else asking."""
    asked = question(number, image=True)
    client = Client(server.address)
    start = time.perf_counter()
    events = client.stream(asked.text, asked.options, image=images / asked.images[0])
    next(events)
    seconds = time.perf_counter() - start
    assert list(events)[-1].kind == "answer"
    return seconds


def alone(policy: Policy, images: Path, number: int, limit: int) -> None:
    reference_play(policy, [request_of(number, images)], 1, limit)


def request_of(number: int, images: Path) -> RolloutRequest:
    return RolloutRequest(question(number, image=True), images, seed=number)


def timed(work: Callable[[], Result]) -> tuple[Result, float]:
    """The result and its seconds on the wall."""
    start = time.perf_counter()
    result = work()
    return result, time.perf_counter() - start
