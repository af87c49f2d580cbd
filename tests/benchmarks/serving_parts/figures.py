"""What the serving benchmark's parts share: a figure with its bar, the size of a run, memory."""

from __future__ import annotations

from dataclasses import dataclass

import psutil


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
    steps: int


FULL = Size(clients=16, answers=320, swaps=20, lone_swaps=50, damaged=10_000, steps=60)
SMALL = Size(clients=4, answers=24, swaps=3, lone_swaps=4, damaged=60, steps=60)


def at_least(name: str, value: float, bar: float) -> Figure:
    return Figure(name, value, f">= {bar:g}", value >= bar)


def at_most(name: str, value: float, bar: float) -> Figure:
    return Figure(name, value, f"<= {bar:g}", value <= bar)


def resident_mib() -> float:
    """Of this process."""
    return float(psutil.Process().memory_info().rss) / 2**20
