"""Image features of a whole archive, block by block on disk: memory holds one block, and a killed run goes on (M11)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from medrwr.digests import file_digest
from medrwr.retrieval.encoder import ImageTextEncoder, Matrix
from medrwr.retrieval.images import open_image
from medrwr.types import ImageCase

BLOCK = 256  # images
Progress = Callable[[int, int, str], None]


def image_features(
    cases: Sequence[ImageCase],
    image_root: Path,
    encoder: ImageTextEncoder,
    folder: Path,
    *,
    progress: Progress | None = None,
) -> Matrix:
    """Vectors [len(cases), dim], L2-normalised, in the order of the cases; blocks that `folder` has are not made again.

    A block is known by the encoder and the content of its images.

    Raises:
        RecordError: an image cannot be read (`read_archive` leaves such cases out).
    """
    folder.mkdir(parents=True, exist_ok=True)
    vectors = np.zeros((len(cases), encoder.dim), np.float32)
    for start in range(0, len(cases), BLOCK):
        block = cases[start : start + BLOCK]
        vectors[start : start + len(block)] = _block(block, image_root, encoder, folder)
        if progress is not None:
            progress(start + len(block), len(cases), "features")
    return vectors


def _block(cases: Sequence[ImageCase], image_root: Path, encoder: ImageTextEncoder, folder: Path) -> Matrix:
    paths = [image_root / case.image for case in cases]
    key = hashlib.sha256("\n".join([encoder.digest, *map(file_digest, paths)]).encode()).hexdigest()[:32]
    file = folder / f"{key}.npy"
    if file.exists():
        known: Matrix = np.load(file, allow_pickle=False)
        return known
    made = encoder.encode_images([open_image(path) for path in paths])
    temporary = file.with_suffix(".tmp")
    with temporary.open("wb") as stream:
        np.save(stream, made, allow_pickle=False)
    temporary.replace(file)
    return made
