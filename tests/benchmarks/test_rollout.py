"""The rollout benchmark's bars, and its small instances that are exact whatever else the machine does."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from medrwr.types import Answer, StopReason, Trajectory
from tests.benchmarks.reference_loop import Play
from tests.benchmarks.rollout import BARS, Bar
from tests.benchmarks.rollout_speed import agreeing
from tests.chain.workspace import REPOSITORY


def small(part: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.benchmarks.rollout", "--check", "--small", "--only", part]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.stdout, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert isinstance(found, dict)
    assert done.returncode == 0, found
    return found


def test_a_bar_is_met_or_missed() -> None:
    assert Bar(">=", 3.0).met(3.0)
    assert not Bar(">=", 3.0).met(2.99)
    assert Bar("<=", 1e-4).met(0.0)
    assert not Bar("<=", 1e-4).met(2e-4)
    assert (BARS["times_reference_batch_64"].value, BARS["times_reference_batch_2"].value) == (3.0, 5.0)
    assert (BARS["step_over_its_parts"].value, BARS["zero2_loss_difference"].value) == (1.15, 1e-3)
    assert (BARS["logprob_fp32_wordpiece"].value, BARS["logprob_bf16"].value) == (1e-4, 0.05)


def test_answers_are_compared_where_both_have_one() -> None:
    ours = [Trajectory("q", (), (), (), (), (), Answer(x), StopReason.ANSWERED) for x in ("A", "B", None, "D")]
    theirs = [Play(None, "", letter=x) for x in ("A", "C", "C", None)]  # type: ignore[arg-type]
    assert agreeing(ours, theirs) == [True, False]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_two_processes_under_deepspeed_learn_what_one_does() -> None:
    """ZeRO-2 over gloo: three steps; the engine is DeepSpeed's, losses and rewards are those of a single process."""
    figures = small("processes")
    assert figures["zero2_is_deepspeed"] == 1.0
    assert figures["zero2_steps"] == 3
    assert figures["zero2_reward_difference"] <= 1e-4
