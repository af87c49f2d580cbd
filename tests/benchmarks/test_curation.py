"""Small instances of the curation benchmark's parts."""

from __future__ import annotations

from pathlib import Path

from tests.benchmarks.curation import AT_LEAST, bar_of, missed
from tests.benchmarks.curation_parts.blind import blind
from tests.benchmarks.curation_parts.clusters import clusters
from tests.benchmarks.curation_parts.faults import faults
from tests.benchmarks.curation_parts.leaks import leaks
from tests.benchmarks.curation_parts.recorded import recorded


def test_a_missed_bar_is_named() -> None:
    assert missed({"faults_leak_caught": 0.9, "leaks_verbatim": 1.0, "clusters_s": 180.0, "clusters_empty": 5.0}) == []
    bad = {"faults_leak_caught": 0.89, "leaks_verbatim": 0.9, "clusters_s": 181.0, "faults_good_rejected": 0.03}
    assert missed(bad) == list(bad)
    assert bar_of("clusters_s") == "   bar <= 180"
    assert bar_of("clusters_empty") == ""


def test_planted_faults_and_leaks_are_caught(tmp_path: Path, medical_data: Path) -> None:
    figures: dict[str, float] = {}
    for part in (faults, blind, leaks, recorded):
        folder = tmp_path / part.__name__
        folder.mkdir()
        figures |= part(folder, medical_data, small=True)
    assert set(AT_LEAST) <= set(figures)
    assert missed(figures) == []


def test_clusters_are_as_tight_as_those_of_plain_k_means(tmp_path: Path) -> None:
    figures = clusters(tmp_path, tmp_path, small=True)
    assert missed({name: value for name, value in figures.items() if name != "clusters_peak_gib"}) == []
    assert figures["clusters_inertia_over_plain"] < 1.05
