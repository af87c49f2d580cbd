"""The workers' figures, worked out by hand; the processes themselves are the benchmark's."""

from __future__ import annotations

import pytest

from tests.benchmarks.scale_workers import Round, figures

ALONE = [{"start": 0.0, "end": 10.0, "searched": 2.0}]
BOTH = [{"start": 100.0, "end": 111.0, "searched": 2.0}, {"start": 100.1, "end": 112.5, "searched": 3.0}]


@pytest.mark.parametrize(("slower", "predicted"), [(1.0, 11.0), (1.5, 15.0)])
def test_two_workers_are_predicted_from_one(slower: float, predicted: float) -> None:
    """32 episodes in 2 batches of 2 turns took 10 s, 2 of them searching: a turn is 2 s, a batch's search 1 s.

    Two workers with one retriever: both ask at 2 s, the second is answered at 4 s and ends its first batch at 6 s; at
    its second search, at 8 s, the first has had its answer. It ends at 11 s. With turns of 3 s: it asks at 3 s, is
    answered at 5 s, then 8 to 11 s, 12 s and 15 s. Measured: from 100 to 112.5 s.
    """
    spun_alone, spun_both = [{"start": 0.0, "end": 1.0}], [{"start": 0.0, "end": slower}] * 2
    found = figures([Round(ALONE, BOTH, spun_alone, spun_both)], 32)
    assert found["workers_turn_s"] == pytest.approx(2.0)
    assert found["workers_two_predicted_s"] == pytest.approx(predicted)
    assert found["workers_relative_error"] == pytest.approx(abs(predicted - 12.5) / 12.5)
