"""Images for the encoders: opening them safely, and turning them into pixels the way their model was trained."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from medrwr.errors import ArtefactError, ImageError
from medrwr.retrieval.dicom import is_dicom, picture_of, read_dicom
from medrwr.retrieval.encoder import Matrix
from medrwr.types import ImageCase, Quarantined

if TYPE_CHECKING:
    from PIL.Image import Image

_MOST_PIXELS = 64_000_000


def open_image(path: Path) -> Image:
    """The whole image as RGB: PNG, JPEG, TIFF (its first page) and all that Pillow reads, and DICOM (its middle frame).

    Raises:
        ImageError: missing, not an image, truncated, or larger than 64 million pixels.
    """
    import PIL.Image
    from PIL import UnidentifiedImageError

    try:
        if is_dicom(path):
            return picture_of(read_dicom(path), name=path.name)
        with PIL.Image.open(path) as image:
            if image.width * image.height > _MOST_PIXELS:
                raise ImageError(
                    f"image {path} has {image.width}x{image.height} pixels, at most {_MOST_PIXELS} are read"
                )
            image.load()
            if image.mode in {"I", "I;16", "F"}:  # 16-bit grey: scale, where convert() would clip
                grey = np.asarray(image, dtype=np.float64)
                return PIL.Image.fromarray(np.uint8(255 * (grey - grey.min()) / max(np.ptp(grey), 1))).convert("RGB")
            return image.convert("RGB")
    except FileNotFoundError:
        raise ImageError(f"image {path} does not exist: restore it, or leave its record out") from None
    except (OSError, SyntaxError, ValueError, UnidentifiedImageError, PIL.Image.DecompressionBombError) as error:
        raise ImageError(f"image {path} is broken or no image ({error}): replace it, or leave its record out") from None


def open_cases(cases: Iterable[ImageCase], root: Path) -> tuple[list[ImageCase], list[Image], list[Quarantined]]:
    """Cases with their images, and the cases whose image cannot be read; `case.image` is relative to `root`."""
    kept: list[ImageCase] = []
    images: list[Image] = []
    bad: list[Quarantined] = []
    for case in cases:
        try:
            images.append(open_image(root / case.image))
            kept.append(case)
        except ImageError as error:
            bad.append(Quarantined(case.case_id, case.source, str(error)))
    return kept, images, bad


@dataclass(frozen=True, slots=True)
class Preprocess:
    """Resize to `size` x `size`, scale to [0, 1], subtract `mean`, divide by `std` (a value a channel).

    `resize_mode`: 'squash' ignores the aspect ratio; 'shortest' keeps it and crops the middle (open_clip's names).
    """

    size: int
    mean: tuple[float, ...] = (0.5, 0.5, 0.5)
    std: tuple[float, ...] = (0.25, 0.25, 0.25)
    resize_mode: str = "squash"
    interpolation: str = "bicubic"

    def __post_init__(self) -> None:
        if self.resize_mode not in {"squash", "shortest"} or self.interpolation not in {"bicubic", "bilinear"}:
            raise ArtefactError(
                f"image preprocessing {self.resize_mode!r}, {self.interpolation!r}: expected squash or shortest, "
                "bicubic or bilinear"
            )

    def settings(self) -> dict[str, Any]:
        """As kept in encoder.json."""
        return asdict(self)

    def resized(self, image: Image) -> np.ndarray[Any, np.dtype[np.uint8]]:
        """uint8 [3, size, size]."""
        from PIL.Image import Resampling

        method = Resampling.BICUBIC if self.interpolation == "bicubic" else Resampling.BILINEAR
        image = image.convert("RGB")
        if self.resize_mode == "squash":
            image = image.resize((self.size, self.size), method)
        else:
            scale = self.size / min(image.size)
            wide, high = (self.size if side == min(image.size) else int(side * scale) for side in image.size)
            left, top = round((wide - self.size) / 2), round((high - self.size) / 2)
            image = image.resize((wide, high), method).crop((left, top, left + self.size, top + self.size))
        return np.asarray(image, dtype=np.uint8).transpose(2, 0, 1)

    def pixels(self, images: Sequence[Image]) -> Matrix:
        """float32 [N, 3, size, size], ready for the model."""
        raw = np.stack([self.resized(image) for image in images]).astype(np.float32) / 255
        mean, std = (np.asarray(values, np.float32)[:, None, None] for values in (self.mean, self.std))
        scaled: Matrix = ((raw - mean) / std).astype(np.float32)
        return scaled


def preprocess_of(settings: Mapping[str, Any]) -> Preprocess:
    """From encoder.json."""
    return Preprocess(
        size=int(settings["size"]),
        mean=tuple(settings["mean"]),
        std=tuple(settings["std"]),
        resize_mode=str(settings["resize_mode"]),
        interpolation=str(settings["interpolation"]),
    )
