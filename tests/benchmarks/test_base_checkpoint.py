"""When two base checkpoints count as the same."""

from __future__ import annotations

from tests.benchmarks.base_checkpoint import apart


def test_two_points_apart_is_the_same_and_more_is_not() -> None:
    one = {"valid_protocol": 0.0, "accuracy": 24.0, "questions": 2000.0}
    assert apart(one, {"valid_protocol": 2.0, "accuracy": 22.0, "questions": 2000.0}) == []
    assert apart(one, {"valid_protocol": 2.1, "accuracy": 26.5, "questions": 2000.0}) == ["valid_protocol", "accuracy"]
