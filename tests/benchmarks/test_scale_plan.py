"""infra/SCALING.md holds what the command prints; the simulation agrees with schedules worked out by hand."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from tests.benchmarks.scale_plan import TABLES
from tests.benchmarks.scale_simulation import Plant, simulate

PAGE = Path(__file__).resolve().parents[2] / "infra/SCALING.md"
ONE = Plant(workers=1, replicas=1, episodes=2, batch=2, turns=2, turn_s=1.0, query_s=0.5, train_s=3.0)


@pytest.mark.parametrize("name", list(TABLES))
def test_the_pages_numbers_are_the_commands(name: str) -> None:
    assert TABLES[name]() in PAGE.read_text(encoding="utf-8"), f"the command prints another {name}"


def test_one_worker() -> None:
    """A turn 1 s, two queries 2 x 0.5 s, a turn 1 s, training 3 s: 6 s a step."""
    found = simulate(ONE)
    assert found.step_s == pytest.approx(6.0)
    assert found.episodes_per_s == pytest.approx(2 / 6)
    assert (found.workers_busy, found.replicas_busy, found.trainer_busy) == pytest.approx((2 / 6, 1 / 6, 3 / 6))


def test_two_workers_wait_for_one_retriever_and_not_for_two() -> None:
    """Both ask at 1 s; the second is answered at 3 s and ends at 4 s; training ends at 7 s. Two replicas: 6 s."""
    two = dataclasses.replace(ONE, workers=2, episodes=4)
    assert simulate(two).step_s == pytest.approx(7.0)
    assert simulate(dataclasses.replace(two, replicas=2)).step_s == pytest.approx(6.0)


def test_a_worker_plays_what_is_left_in_a_second_batch() -> None:
    """Batches of 2 and 1: 1 + 1 + 1 and 1 + 0.5 + 1 s, then 3 s of training."""
    assert simulate(dataclasses.replace(ONE, episodes=3)).step_s == pytest.approx(8.5)


def test_the_next_step_is_played_while_the_trainer_trains() -> None:
    """Rollouts of 3 s and training of 3 s overlap: 20 steps take 21 x 3 s."""
    assert simulate(dataclasses.replace(ONE, ahead=True), steps=20).step_s == pytest.approx(63 / 20)
