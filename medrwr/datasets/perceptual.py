"""Near-duplicate images: a perceptual hash proposes, the correlation of thumbnails decides.

The hash (signs of the lowest 8 x 8 cosine coefficients of a 32 x 32 thumbnail) survives scaling, recompression and
changes of brightness, but different images of one modality can share it: all echocardiograms are a fan on black. So a
close hash is only a candidate, and a near-duplicate is one whose thumbnails correlate as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from medrwr.datasets.shingles import SimilarPair
from medrwr.errors import ImageError

if TYPE_CHECKING:
    from PIL.Image import Image

SIDE, LOW = 32, 8
CANDIDATE_BITS = 12
_ROWS = 1000


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """`bits` [64] of the hash, and the thumbnail [1024] with mean 0 and norm 1 (all 0 for an image of one tone)."""

    bits: NDArray[np.bool_]
    thumbnail: NDArray[np.float32]


def fingerprint(path: Path) -> Fingerprint:
    """Fingerprint of an image file, its transparency on black.

    Raises:
        ImageError: missing, not an image, or truncated.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as image:
            return fingerprint_of(image)
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise ImageError(f"image {path} cannot be read ({error}): replace it, or leave its question out") from None


def fingerprint_of(image: Image) -> Fingerprint:
    """Fingerprint of an image in memory."""
    from PIL.Image import Resampling
    from scipy.fft import dctn

    grey = np.asarray(image.convert("L").resize((SIDE, SIDE), Resampling.BOX), dtype=np.float64)
    low = dctn(grey, norm="ortho")[:LOW, :LOW].ravel()
    return Fingerprint(low > np.median(low[1:]), unit_thumbnail(grey))


def unit_thumbnail(grey: NDArray[Any]) -> NDArray[np.float32]:
    """A thumbnail's grey values [1024], mean 0 and norm 1: the product of two is their correlation."""
    centred = np.asarray(grey, dtype=np.float64).ravel() - grey.mean()
    norm = float(np.linalg.norm(centred))
    thumbnail: NDArray[np.float32] = (centred / norm if norm > 1e-6 else np.zeros_like(centred)).astype(np.float32)
    return thumbnail


def similar_images(
    first: Sequence[Fingerprint], second: Sequence[Fingerprint], *, at_least: float
) -> Iterator[SimilarPair]:
    """Pairs across the two lists whose hashes are close and whose thumbnails correlate by at least `at_least`."""
    if not first or not second:
        return
    bits, pixels = np.stack([one.bits for one in second]), np.stack([one.thumbnail for one in second])
    for start in range(0, len(first), _ROWS):
        block = first[start : start + _ROWS]
        distance = _hamming(np.stack([one.bits for one in block]), bits)
        correlation = np.stack([one.thumbnail for one in block]) @ pixels.T
        rows, columns = np.nonzero((distance <= CANDIDATE_BITS) & (correlation >= at_least))
        for row, column in zip(rows, columns, strict=True):
            yield SimilarPair(start + int(row), int(column), min(1.0, float(correlation[row, column])))


def _hamming(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> NDArray[np.float32]:
    one, two = first.astype(np.float32), second.astype(np.float32)
    distance: NDArray[np.float32] = one.sum(1)[:, None] + two.sum(1)[None] - 2 * (one @ two.T)
    return distance
