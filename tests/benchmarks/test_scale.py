"""The scale benchmark's parts, small: the bars hold."""

from __future__ import annotations

import importlib.util

import pytest

from tests.benchmarks import scale
from tests.benchmarks.two_hosts import possible


@pytest.mark.skipif(
    importlib.util.find_spec("lance_ray") is None, reason="the extra `ray` is not installed: pip install '.[ray]'"
)
@pytest.mark.slow
def test_two_workers_are_as_good_as_one_process() -> None:
    figures = scale.measure("ray", small=True)
    assert figures["ray_passages"] == 9000
    assert scale.missed(figures) == []


@pytest.mark.skipif(not possible(), reason="network namespaces need root and iproute2's `ip`")
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_deepspeed_trains_over_two_hosts_and_survives_their_link() -> None:
    figures = scale.measure("hosts", small=True)
    assert figures["hosts_steps"] == 6
    assert scale.missed(figures) == []
