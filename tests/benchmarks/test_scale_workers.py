"""The workers' figures, worked out by hand; the processes themselves are the benchmark's."""

from __future__ import annotations

import pytest

from tests.benchmarks.scale_workers import figures


def test_two_workers_are_predicted_from_one() -> None:
    """32 episodes in 2 batches of 2 turns took 10 s, 2 of them searching: a turn is 2 s, a batch's search 1 s.

    Two workers with one retriever: both ask at 2 s, the second is answered at 4 s and ends its first batch at 6 s; at
    its second search, at 8 s, the first has had its answer. It ends at 11 s. Measured: from 100 to 112.5 s.
    """
    alone = [[{"start": 0.0, "end": 10.0, "searched": 2.0}]]
    both = [[{"start": 100.0, "end": 111.0, "searched": 2.0}, {"start": 100.1, "end": 112.5, "searched": 3.0}]]
    found = figures(alone, both, 32)
    assert found["workers_turn_s"] == pytest.approx(2.0)
    assert found["workers_two_predicted_s"] == pytest.approx(11.0)
    assert found["workers_relative_error"] == pytest.approx(1.5 / 12.5)
