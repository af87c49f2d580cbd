"""The ingestion benchmark's parts, small: the bars hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmarks import ingestion


@pytest.mark.parametrize("part", ["robustness", "kills"])
def test_the_bars_hold_on_a_small_instance(tmp_path: Path, part: str) -> None:
    figures = ingestion.PARTS[part](ingestion.SMALL, tmp_path)
    assert [figure for figure in figures if not figure.met] == []


def test_nothing_is_read_twice(tmp_path: Path, medical_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDRWR_TEST_DATA", str(medical_data))
    figures = {figure.name: figure for figure in ingestion.incremental(ingestion.SMALL, tmp_path)}
    assert figures["files_read_too_many"].met
    assert figures["passages_of_a_deleted_document"].met
