"""The scale benchmark's parts, small: the bars hold."""

from __future__ import annotations

import importlib.util

import pytest

from tests.benchmarks import scale
from tests.benchmarks.two_hosts import possible
from tests.infra.cluster import binaries


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


@pytest.mark.skipif(binaries() is None, reason="PostgreSQL is not installed: apt-get install postgresql")
@pytest.mark.services
@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_the_whole_pipeline_runs_over_postgresql_and_s3() -> None:
    figures = scale.measure("services", small=True)
    assert figures["services_history_gaps"] == 0
    assert scale.missed(figures) == []


@pytest.mark.slow
def test_the_embedded_default_loads_nothing_of_the_extras() -> None:
    figures = scale.measure("embedded", small=True)
    assert figures["embedded_without_extras_s"] > 0
    assert figures["embedded_extras_loaded"] == 0
