"""Rollout workers, retriever replicas and a trainer as a discrete-event simulation (simpy): who waits for whom.

A step: its episodes are dealt to the workers; a worker plays them in batches, turn by turn, and after each turn but the
last sends the batch's queries to a free replica and waits; when all have ended, the trainer trains. With `ahead`, the
workers play the next step meanwhile (one step off policy).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import simpy


@dataclass(frozen=True)
class Plant:
    """Seconds: `turn_s` of a worker for a turn of a batch, `query_s` of a replica for a query, `train_s` of a step."""

    workers: int
    replicas: int
    episodes: int
    batch: int
    turns: int
    turn_s: float
    query_s: float
    train_s: float
    ahead: bool = False


@dataclass(frozen=True)
class Outcome:
    """Seconds of a step in the long run, episodes a second, and the share of time that each is busy."""

    step_s: float
    episodes_per_s: float
    workers_busy: float
    replicas_busy: float
    trainer_busy: float


def simulate(plant: Plant, *, steps: int = 20) -> Outcome:
    run = _Run(plant, steps)
    run.world.run()
    end = run.world.now
    return Outcome(
        end / steps,
        plant.episodes * steps / end,
        run.worked / (end * plant.workers),
        run.searched / (end * plant.replicas),
        plant.train_s * steps / end,
    )


class _Run:
    def __init__(self, plant: Plant, steps: int) -> None:
        self.plant, self.world = plant, simpy.Environment()
        self.replicas = simpy.Resource(self.world, plant.replicas)
        self.worked = self.searched = 0.0
        self.world.process(self._steps(steps))

    def _steps(self, steps: int) -> Iterator[Any]:
        training = self.world.timeout(0)
        for _ in range(steps):
            yield simpy.AllOf(self.world, [self.world.process(self._worker(n)) for n in self._dealt()])
            yield training  # the trainer is still at the step before
            training = self.world.timeout(self.plant.train_s)
            if not self.plant.ahead:
                yield training
        yield training

    def _dealt(self) -> list[int]:
        share, more = divmod(self.plant.episodes, self.plant.workers)
        return [share + (n < more) for n in range(self.plant.workers)]

    def _worker(self, episodes: int) -> Iterator[Any]:
        for batch in range(math.ceil(episodes / self.plant.batch)):
            size = min(self.plant.batch, episodes - batch * self.plant.batch)
            for turn in range(self.plant.turns):
                self.worked += self.plant.turn_s
                yield self.world.timeout(self.plant.turn_s)
                if turn < self.plant.turns - 1:
                    yield from self._search(size)

    def _search(self, queries: int) -> Iterator[Any]:
        with self.replicas.request() as free:
            yield free
            self.searched += queries * self.plant.query_s
            yield self.world.timeout(queries * self.plant.query_s)
