"""The clinic's archive of reports: what curation starts from, apart from what is asked later (M11, M14)."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from medrwr.clinic import vocabulary as words
from medrwr.clinic.archive import report_of, write_archive
from medrwr.clinic.build import ClinicWriter
from medrwr.clinic.ontology import build_ontology
from medrwr.config import ClinicSettings
from medrwr.records import read_records
from medrwr.types import ImageCase
from tests.clinic.test_clinic import SMALL


def _cases(folder: Path) -> list[ImageCase]:
    return read_records(folder / "cases.jsonl", ImageCase)[0]


def test_m11_reports_end_in_a_fact_of_their_condition_and_their_images_exist(tmp_path: Path) -> None:
    archive, clinic = tmp_path / "data/archive", tmp_path / "data/clinic"
    clinic.mkdir(parents=True)
    assert write_archive(SMALL, archive, seed=1, image_root=clinic) == SMALL.archive_cases
    cases = _cases(archive)
    told = {report_of(c, kind): c for c in build_ontology(SMALL, seed=1).of("train") for kind in words.ALL_KINDS}
    assert all(told[case.caption].modality == case.modality for case in cases)
    assert all((clinic / case.image).is_file() for case in cases)
    sections = Counter(case.caption.split(". ")[2].split(":")[0] for case in cases)
    assert sections["Marker"] == round(SMALL.two_hop_share * SMALL.archive_cases)
    assert set(sections) == {"First treatment", "Complication", "Marker"}


def test_same_seed_same_bytes_and_a_second_run_replaces_the_first(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2), ("a", 1)):
        write_archive(SMALL, tmp_path / name, seed=seed, image_root=tmp_path / name)
    found = {
        name: [file.read_bytes() for file in sorted((tmp_path / name).rglob("*")) if file.is_file()] for name in "abc"
    }
    assert found["a"] == found["b"] != found["c"]


def test_m14_no_report_tells_a_fact_that_is_asked_in_calibration_or_test(tmp_path: Path) -> None:
    settings = ClinicSettings(image_size=56)
    write_archive(settings, tmp_path / "archive", seed=7, image_root=tmp_path)
    ontology = build_ontology(settings, seed=7)
    held = {c.name for role in ("calibration", "test") for c in ontology.of(role)}
    told = {case.caption.split("Impression: ")[1].split(".")[0] for case in _cases(tmp_path / "archive")}
    assert told
    assert not told & held


def test_the_archives_images_are_none_of_the_clinics_own() -> None:
    """Seeds of images: the clinic's begin at seed * 1,000,003; the archive's, 500,000 behind."""
    writer = ClinicWriter(ClinicSettings(), seed=7)
    for paint in (writer.demonstrations, writer.test, writer.cases, writer.encoder_pairs):
        paint()
    writer.training("rl_image", writer.settings.rl_image_questions, with_image=True)
    assert max(painting.seed for painting in writer.paintings) < 7 * 1_000_003 + 500_000
