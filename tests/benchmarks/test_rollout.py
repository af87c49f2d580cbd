"""The rollout benchmark's bars."""

from __future__ import annotations

from medrwr.types import Answer, StopReason, Trajectory
from tests.benchmarks.reference_loop import Play
from tests.benchmarks.rollout import BARS, Bar
from tests.benchmarks.rollout_speed import agreeing


def test_a_bar_is_met_or_missed() -> None:
    assert Bar(">=", 3.0).met(3.0)
    assert not Bar(">=", 3.0).met(2.99)
    assert Bar("<=", 1e-4).met(0.0)
    assert not Bar("<=", 1e-4).met(2e-4)
    assert (BARS["times_reference_batch_64"].value, BARS["times_reference_batch_2"].value) == (3.0, 5.0)
    assert (BARS["step_over_its_parts"].value, BARS["zero2_loss_difference"].value) == (1.15, 1e-3)
    assert (BARS["logprob_fp32_wordpiece"].value, BARS["logprob_bf16_unigram"].value) == (1e-4, 0.05)


def test_answers_are_compared_where_both_have_one() -> None:
    ours = [Trajectory("q", (), (), (), (), (), Answer(x), StopReason.ANSWERED) for x in ("A", "B", None, "D")]
    theirs = [Play(None, "", letter=x) for x in ("A", "C", "C", None)]  # type: ignore[arg-type]
    assert agreeing(ours, theirs) == [True, False]
