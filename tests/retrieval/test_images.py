"""Images: opened safely, and preprocessed exactly as open_clip does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from medrwr.errors import ArtefactError, ImageError
from medrwr.retrieval.images import Preprocess, open_cases, open_image
from medrwr.types import ImageCase


def gradient(wide: int, high: int) -> Image.Image:
    across, down = np.meshgrid(np.linspace(0, 255, wide), np.linspace(0, 255, high))
    return Image.fromarray(np.stack([across, down, 255 - across], -1).astype(np.uint8))


@pytest.mark.parametrize("mode", ["squash", "shortest"])
@pytest.mark.parametrize("size", [(100, 60), (37, 90), (56, 56)])
def test_m18_pixels_are_those_of_open_clip(mode: str, size: tuple[int, int]) -> None:
    from open_clip.transform import image_transform

    mean, std = (0.48, 0.46, 0.41), (0.27, 0.26, 0.28)
    image = gradient(*size)
    theirs = image_transform(56, is_train=False, mean=mean, std=std, resize_mode=mode, interpolation="bicubic")(image)
    mine = Preprocess(56, mean, std, resize_mode=mode).pixels([image])[0]
    assert mine == pytest.approx(theirs.numpy(), abs=1e-5)


def test_unknown_preprocessing_is_refused() -> None:
    with pytest.raises(ArtefactError, match="'longest'"):
        Preprocess(56, resize_mode="longest")


def test_broken_images_are_quarantined_and_the_good_ones_kept(tmp_path: Path) -> None:
    gradient(40, 40).save(tmp_path / "good.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "good.png").read_bytes()[:120])
    (tmp_path / "text.png").write_text("no image")
    (tmp_path / "empty.png").write_bytes(b"")
    names = ["good.png", "cut.png", "text.png", "empty.png", "gone.png"]
    kept, images, bad = open_cases([ImageCase(name, name, "a caption") for name in names], tmp_path)
    assert [case.case_id for case in kept] == ["good.png"]
    assert images[0].size == (40, 40)
    assert [entry.record_id for entry in bad] == names[1:]
    assert "does not exist" in bad[-1].reason
    assert all("broken or no image" in entry.reason for entry in bad[:-1])


def test_grey_transparent_and_16_bit_images_become_rgb(tmp_path: Path) -> None:
    Image.new("LA", (8, 8), (200, 255)).save(tmp_path / "la.png")
    deep = np.linspace(0, 4000, 64).reshape(8, 8).astype(np.uint16)  # 12 bits in 16: convert() would clip it to white
    Image.fromarray(deep).save(tmp_path / "deep.png")
    assert open_image(tmp_path / "la.png").getpixel((0, 0)) == (200, 200, 200)
    values = np.asarray(open_image(tmp_path / "deep.png"))[..., 0]
    assert (values.min(), values.max()) == (0, 255)
    assert 100 < values.mean() < 155


def test_a_huge_image_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    Image.new("1", (9000, 8000)).save(tmp_path / "huge.png")
    with pytest.raises(ImageError, match="9000x8000 pixels"):
        open_image(tmp_path / "huge.png")
