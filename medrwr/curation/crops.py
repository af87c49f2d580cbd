"""Whether one image was cut out of another: crops of a grid propose, a search over the crop's edges decides."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from medrwr.datasets.perceptual import SIDE, unit_thumbnail

if TYPE_CHECKING:
    from PIL.Image import Image

Box = tuple[float, float, float, float]  # left, top, right, bottom, in shares of the sides
Vector = NDArray[np.float32]

PROPOSED = 0.7  # correlation of a grid crop with the part
_PROPOSED_AT_MOST = 10  # wholes that a part is searched in
_KEPT = (0.95, 0.85, 0.75)
_PLACES = (0.0, 0.5, 1.0)
_STEPS = (0.04, 0.02, 0.01, 0.005)
GRID: tuple[Box, ...] = tuple(
    (across * (1 - kept), down * (1 - kept), across * (1 - kept) + kept, down * (1 - kept) + kept)
    for kept, across, down in product(_KEPT, _PLACES, _PLACES)
)
_WHOLE: Box = (0.0, 0.0, 1.0, 1.0)
_BLOCK = 128  # wholes whose crops are in memory at once


def parts_of(wholes: Sequence[Image], parts: Sequence[Image], *, at_least: float) -> Iterator[tuple[int, int, float]]:
    """(place of the whole, place of the part, correlation of the part with the best crop), from `at_least` on."""
    if not wholes or not parts:
        return
    sought = np.stack([_vector(part, _WHOLE) for part in parts])
    closest = np.concatenate(
        [
            np.stack([np.stack([_vector(whole, box) for box in GRID]) @ sought.T for whole in wholes[start:end]])
            for start, end in _blocks(len(wholes))
        ]
    ).astype(np.float32)  # [wholes, boxes, parts]
    best = closest.max(axis=1)
    for part in range(len(parts)):
        order = np.argsort(-best[:, part])[:_PROPOSED_AT_MOST]
        for whole in order[best[order, part] >= PROPOSED]:
            box = GRID[int(closest[whole, :, part].argmax())]
            found = _search(wholes[whole], sought[part], box)
            if found >= at_least:
                yield int(whole), part, found


def _blocks(count: int) -> Iterator[tuple[int, int]]:
    return ((start, min(start + _BLOCK, count)) for start in range(0, count, _BLOCK))


def _search(whole: Image, part: Vector, box: Box) -> float:
    """Move the edges of `box` for as long as the correlation rises, in ever smaller steps."""
    best = float(_vector(whole, box) @ part)
    for step in _STEPS:
        rising = True
        while rising:
            rising = False
            for edge, sign in product(range(4), (-1, 1)):
                moved = list(box)
                moved[edge] = min(1.0, max(0.0, moved[edge] + sign * step))
                if moved[2] - moved[0] < 0.5 or moved[3] - moved[1] < 0.5:
                    continue
                value = float(_vector(whole, (moved[0], moved[1], moved[2], moved[3])) @ part)
                if value > best + 1e-5:
                    best, box, rising = value, (moved[0], moved[1], moved[2], moved[3]), True
    return min(1.0, best)


def _vector(image: Image, box: Box) -> Vector:
    from PIL.Image import Resampling

    width, height = image.size
    pixels = (box[0] * width, box[1] * height, box[2] * width, box[3] * height)
    return unit_thumbnail(np.asarray(image.resize((SIDE, SIDE), Resampling.BOX, box=pixels), np.float64))
