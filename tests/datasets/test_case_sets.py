"""PubMedVision and ECED in their native formats become image cases (M10)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from medrwr.datasets.eced import read_eced
from medrwr.datasets.image_store import ImageStore
from medrwr.datasets.pubmedvision import read_pubmedvision
from medrwr.errors import ArtefactError, ImageError
from tests.datasets.native import ECED, PUBMEDVISION, draw, pack, write_array, write_lines

NAME = "PubMedVision_Alignment_VQA.json"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    draw(tmp_path / "images/pmc_1_0.jpg", 1)
    draw(tmp_path / "frames/1.png", 2)
    return tmp_path


def test_m10_a_pubmedvision_record(root: Path) -> None:
    write_array(root / NAME, [PUBMEDVISION])
    (case,), refused = read_pubmedvision(root)
    assert case.caption == "A CT of the chest with a pleural effusion on the right."
    assert (case.case_id, case.modality) == ("pubmedvision-Alignment_VQA_1-0", "computed tomography")
    assert not refused
    ImageStore(root).put(case.image, root / "out/a.jpg")
    assert (root / "out/a.jpg").read_bytes() == (root / "images/pmc_1_0.jpg").read_bytes()


def test_several_images_share_a_description(root: Path) -> None:
    draw(root / "images/pmc_1_1.jpg", 3)
    write_array(root / NAME, [PUBMEDVISION | {"image": ["images/pmc_1_0.jpg", "images/pmc_1_1.jpg"]}])
    first, second = read_pubmedvision(root)[0]
    assert first.caption == second.caption
    assert first.image != second.image


def test_images_inside_archives(tmp_path: Path) -> None:
    image = draw(tmp_path / "elsewhere/pmc_1_0.jpg", 1)
    pack(tmp_path / "images_0.zip", [image])
    write_array(tmp_path / NAME, [PUBMEDVISION])
    (case,), _ = read_pubmedvision(tmp_path)
    ImageStore(tmp_path).put(case.image, tmp_path / "out.jpg")
    assert (tmp_path / "out.jpg").read_bytes() == image.read_bytes()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"image": ["images/pmc_9_0.jpg"]}, "'images/pmc_9_0.jpg' is missing"),  # as in the published set
        ({"image": ["../secret.jpg"]}, "leads out of"),
        ({"image": ["/etc/hostname"]}, "leads out of"),
        ({"image": []}, "expected a list of paths"),
        ({"image": [7]}, "expected a path"),
        ({"conversations": [{"from": "human", "value": "What?"}]}, "no description"),
        ({"conversations": None}, "no description"),
        ({"id": PUBMEDVISION["id"]}, "repeats pubmedvision-"),
    ],
)
def test_a_bad_pubmedvision_record_is_quarantined(root: Path, change: dict[str, Any], reason: str) -> None:
    write_array(root / NAME, [PUBMEDVISION, PUBMEDVISION | {"id": "2"} | change])
    cases, (refused,) = read_pubmedvision(root)
    assert len(cases) == 1
    assert reason in refused.reason


def test_a_damaged_archive(tmp_path: Path) -> None:
    (tmp_path / "images_0.zip").write_bytes(b"PK\x03\x04 and no more")
    write_array(tmp_path / NAME, [PUBMEDVISION])
    with pytest.raises(ArtefactError, match="no sound zip"):
        read_pubmedvision(tmp_path)


def test_a_damaged_image_in_an_archive(tmp_path: Path) -> None:
    archive = pack(tmp_path / "images_0.zip", [draw(tmp_path / "elsewhere/pmc_1_0.jpg", 1)])
    packed = bytearray(archive.read_bytes())
    packed[100:120] = bytes(20)
    archive.write_bytes(packed)
    with pytest.raises(ImageError, match="cannot be unpacked"):
        ImageStore(tmp_path).put("pmc_1_0.jpg", tmp_path / "out.jpg")


@pytest.mark.parametrize("changes", [{}, {"image": "frames/1.png", "images": None}])
def test_m10_an_eced_record(root: Path, changes: dict[str, Any]) -> None:
    record = {name: value for name, value in (ECED | changes).items() if value is not None}
    write_lines(root / "eced.jsonl", [record])
    (case,), _ = read_eced(root)
    assert (case.case_id, case.image, case.modality) == ("eced-1-0", "frames/1.png", "echocardiography")
    assert case.caption == ECED["caption"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [({"caption": " "}, "no `caption`"), ({"images": None}, "no `images`"), ({"images": ["gone.png"]}, "missing")],
)
def test_a_bad_eced_record_is_quarantined(root: Path, change: dict[str, Any], reason: str) -> None:
    write_array(root / "eced.json", [ECED, ECED | {"id": "2"} | change])
    cases, (refused,) = read_eced(root)
    assert len(cases) == 1
    assert reason in refused.reason


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(ArtefactError, match="no PubMedVision_Alignment"):
        read_pubmedvision(tmp_path)
    with pytest.raises(ArtefactError, match=r"no .json or .jsonl"):
        read_eced(tmp_path)
