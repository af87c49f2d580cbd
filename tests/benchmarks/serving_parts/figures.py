"""What the serving benchmark's parts share: a policy with its images, figures with bars, the size of a run, memory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import psutil

from medrwr.config import RolloutSettings
from medrwr.policy.loading import Policy
from medrwr.rollout.engine import RolloutEngine
from medrwr.serving.answering import Answerer
from tests.benchmarks.rollout_speed import SIZE, retriever
from tests.rollout.world import build_policy, draw_images


@dataclass(frozen=True)
class World:
    """A policy that keeps to the protocol, and the images of its questions."""

    policy: Policy
    images: Path

    def answerer(self, policy: Policy | None = None) -> Answerer:
        settings = RolloutSettings(batch_size=64, max_turn_tokens=64)
        return Answerer(RolloutEngine(policy or self.policy, retriever(), settings))


def build_world(folder: Path) -> World:
    """Trained for some seconds, as the rollout benchmark's."""
    images = draw_images(folder)
    return World(build_policy(images, SIZE), images)


@dataclass(frozen=True)
class Figure:
    """One measurement; without a bar it is printed alone."""

    name: str
    value: float
    bar: str = ""
    met: bool = True


@dataclass(frozen=True)
class Size:
    """How much is measured."""

    clients: int
    answers: int
    swaps: int
    lone_swaps: int
    damaged: int


FULL = Size(clients=16, answers=320, swaps=20, lone_swaps=50, damaged=10_000)
SMALL = Size(clients=4, answers=24, swaps=3, lone_swaps=4, damaged=60)


def at_least(name: str, value: float, bar: float) -> Figure:
    return Figure(name, value, f">= {bar:g}", value >= bar)


def at_most(name: str, value: float, bar: float) -> Figure:
    return Figure(name, value, f"<= {bar:g}", value <= bar)


def resident_mib() -> float:
    """Of this process."""
    return float(psutil.Process().memory_info().rss) / 2**20
