"""Images that are to be drawn, and the drawing of all of them side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from medrwr.clinic.ontology import Sign
from medrwr.clinic.rendering import render

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Painting:
    """An image that is to be written: its name, and what it shows. `seed` is unique over the clinic."""

    name: str
    modality: str
    sign: Sign
    seed: int


def no_progress(done: int, total: int, label: str) -> None:
    """Report nothing."""


def write_images(paintings: Sequence[Painting], folder: Path, size: int, progress: Progress = no_progress) -> int:
    """Draw all to `folder` (made here) as PNG of `size` x `size` pixels, and return how many."""
    from PIL import Image

    folder.mkdir()

    def write(painting: Painting) -> None:
        pixels = render(painting.modality, painting.sign, seed=painting.seed, size=size)
        Image.fromarray(pixels).save(folder / f"{painting.name}.png", compress_level=1)

    with ThreadPoolExecutor() as pool:
        for done, _ in enumerate(pool.map(write, paintings), start=1):
            if done % 500 == 0:
                progress(done, len(paintings), "images")
    return len(paintings)
