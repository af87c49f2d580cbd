"""M10, M26: similar image cases, never the query image itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from medrwr.config import CaseIndexSettings
from medrwr.errors import ArtefactError, ImageError, IndexMismatchError
from medrwr.retrieval.case_index import build_case_index, hash_of, shaping_settings
from medrwr.retrieval.case_retriever import CaseRetriever
from medrwr.retrieval.manifest import check_manifest, read_generations
from medrwr.retrieval.memory import open_table
from medrwr.types import ImageCase
from tests.retrieval.fakes import PixelEncoder

SETTINGS = CaseIndexSettings()


def blob(x: int, y: int, *, tone: int = 230, seed: int = 0) -> Image.Image:
    """A bright disc at (x, y) on a noisy ground."""
    rng = np.random.default_rng(seed)
    across, down = np.meshgrid(np.arange(64), np.arange(64))
    pixels = 60 + rng.normal(0, 4, (64, 64)) + np.where((across - x) ** 2 + (down - y) ** 2 < 150, tone - 60, 0)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def write_cases(folder: Path) -> list[ImageCase]:
    places = [(16, 16), (18, 16), (48, 16), (16, 48), (48, 48), (32, 32)]
    for number, (x, y) in enumerate(places):
        blob(x, y, seed=number).save(folder / f"{number}.png")
    return [ImageCase(f"case-{n}", f"{n}.png", f"disc at {x}, {y}", "test") for n, (x, y) in enumerate(places)]


@pytest.fixture
def retriever(tmp_path: Path) -> CaseRetriever:
    index, manifest_path = tmp_path / "index", tmp_path / "manifest.json"
    manifest, bad = build_case_index(write_cases(tmp_path), tmp_path, PixelEncoder(), index, manifest_path, SETTINGS)
    assert bad == []
    return CaseRetriever(
        open_table(index, read_generations(index, stage="case_index")[0]),
        manifest,
        PixelEncoder(),
        tmp_path,
        SETTINGS,
    )


def test_m26_the_most_similar_other_image_comes_first(retriever: CaseRetriever) -> None:
    """The query is case 0 with other noise and a little brighter: case 0 is a copy, case 1 (2 pixels off) is not."""
    answers = retriever.search_batch([blob(16, 16, tone=240, seed=9), blob(48, 47, seed=8)], k=2)
    assert answers[0][0].case.case_id == "case-1"
    assert "case-0" not in [scored.case.case_id for scored in answers[0]]
    assert all(-1 <= scored.score <= 1.0001 for answer in answers for scored in answer)
    assert answers[0][0].score > answers[0][1].score
    assert retriever.search_batch([]) == []


def test_m26_with_k_of_all_cases_only_the_copy_is_missing(retriever: CaseRetriever) -> None:
    (answer,) = retriever.search_batch([blob(16, 16, seed=0)], k=6)
    assert sorted(scored.case.case_id for scored in answer) == [f"case-{n}" for n in range(1, 6)]


def test_m26_more_copies_than_spare_places_do_not_hide_the_rest(tmp_path: Path) -> None:
    for number in range(30):
        blob(16, 16, tone=200 + number).save(tmp_path / f"{number}.png")
    blob(40, 40).save(tmp_path / "other.png")
    names = [*(str(number) for number in range(30)), "other"]
    cases = [ImageCase(name, f"{name}.png", name) for name in names]
    index = tmp_path / "index"
    manifest, _ = build_case_index(cases, tmp_path, PixelEncoder(), index, tmp_path / "m.json", SETTINGS)
    table = open_table(index, read_generations(index, stage="case_index")[0])
    retriever = CaseRetriever(table, manifest, PixelEncoder(), tmp_path, SETTINGS)
    (answer,) = retriever.search_batch([blob(16, 16, tone=240)])
    assert [scored.case.case_id for scored in answer] == ["other"]


def test_cases_come_with_hash_caption_and_image(retriever: CaseRetriever, tmp_path: Path) -> None:
    (answer,) = retriever.search_batch([blob(47, 48, seed=7)], k=6)
    case = next(scored.case for scored in answer if scored.case.case_id == "case-2")
    assert (case.caption, case.phash) == ("disc at 48, 16", hash_of(blob(48, 16, seed=2)))
    assert retriever.load_image(case).size == (64, 64)
    (tmp_path / "2.png").unlink()
    with pytest.raises(ImageError, match="does not exist"):
        retriever.load_image(case)


def test_broken_images_are_left_out_with_a_reason(tmp_path: Path) -> None:
    cases = write_cases(tmp_path)
    (tmp_path / "3.png").write_bytes((tmp_path / "3.png").read_bytes()[:100])
    manifest, bad = build_case_index(cases, tmp_path, PixelEncoder(), tmp_path / "i", tmp_path / "m.json", SETTINGS)
    assert manifest.rows == 5
    assert [entry.record_id for entry in bad] == ["case-3"]
    with pytest.raises(ArtefactError, match="none of 1 image cases"):
        build_case_index(cases[3:4], tmp_path, PixelEncoder(), tmp_path / "j", tmp_path / "n.json", SETTINGS)
    with pytest.raises(ArtefactError, match="repeat a case_id"):
        build_case_index([cases[0]] * 2, tmp_path, PixelEncoder(), tmp_path / "j", tmp_path / "n.json", SETTINGS)


def test_a_case_index_of_another_encoder_is_refused(retriever: CaseRetriever, tmp_path: Path) -> None:
    with pytest.raises(IndexMismatchError, match=r"built with encoder 'pixels'.*dvc repro case_index"):
        check_manifest(
            tmp_path / "index",
            tmp_path / "manifest.json",
            stage="case_index",
            encoder=("biomedclip", "x"),
            settings=shaping_settings(SETTINGS),
        )


def test_the_manifest_changes_with_a_picture(tmp_path: Path) -> None:
    cases = write_cases(tmp_path)
    first, _ = build_case_index(cases, tmp_path, PixelEncoder(), tmp_path / "i", tmp_path / "m.json", SETTINGS)
    blob(50, 50).save(tmp_path / "0.png")
    second, _ = build_case_index(cases, tmp_path, PixelEncoder(), tmp_path / "i", tmp_path / "m.json", SETTINGS)
    assert first.digest != second.digest
