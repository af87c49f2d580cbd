"""The operations benchmark's parts, small: the bars hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmarks import operations


@pytest.mark.parametrize("part", ["load", "moves"])
def test_the_bars_hold_on_a_small_instance(tmp_path: Path, part: str) -> None:
    assert [figure for figure in operations.PARTS[part](operations.SMALL, tmp_path) if not figure.met] == []
