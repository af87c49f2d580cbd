"""infra/SCALING.md holds what the command prints; the simulation agrees with schedules worked out by hand."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from tests.benchmarks.scale_costs import Assumptions, Units, costs
from tests.benchmarks.scale_plan import TABLES, paper
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


def test_costs_are_hours_times_prices() -> None:
    """1,250 steps x 8 prompts x 8 completions = 80,000 episodes. At 2 times the measured parameters and 900 of 450
    tokens, 3.6 s of training become 14.4 s: 320 GPU hours; 300 sampled tokens at 600 a second become 1 s: 22.2 hours.
    A million passages at 2.5 / 25 a second take 2,777.8 hours of two cores."""
    units = Units(2.5, 3600, 600, 3.6, 450, 4)
    given = Assumptions(policy_parameters_billion=8, tokens_an_episode=900).changed(["gpu_hour_usd=2"])
    rows = {row[0]: row[1:] for row in costs(units, given)}
    assert rows["grpo_text: training"] == ("80,000", "320.0", "", "640")
    assert rows["grpo_text: rollouts"] == ("80,000", "22.2", "", "44")
    assert rows["encode passages on CPUs"] == ("1,000,000", "", "2,777.78", "278")
    assert rows["index them"] == ("1,000,000", "", "1.00", "0")


def test_an_assumption_is_changed_by_its_name() -> None:
    assert "| gpu_hour_usd | 1.9 |" in paper(Assumptions().changed(["gpu_hour_usd=1.9"]))
    with pytest.raises(ValueError, match="no assumption is called 'gpu_price': there are encoder_times_minilm"):
        Assumptions().changed(["gpu_price=1"])
