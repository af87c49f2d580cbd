"""The serving benchmark's parts, small: the bars hold, but for speed, which CI's neighbours disturb."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmarks import serving
from tests.benchmarks.serving_parts.figures import World, build_world


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return build_world(tmp_path_factory.mktemp("world"))


@pytest.mark.parametrize("part", ["load", "swaps", "damage"])
def test_the_bars_hold_on_a_small_instance(tmp_path: Path, world: World, part: str) -> None:
    found = serving.PARTS[part](serving.SMALL, tmp_path, world)
    assert [figure for figure in found if not figure.met and figure.name != "times_reference"] == []
