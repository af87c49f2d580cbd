"""What a modality looks like at a glance: one painter each, on a square canvas of grey values in [0, 1].

All painters take unit coordinates `x` (left to right) and `y` (top to bottom) in [-1, 1], shape [size, size], and a
random generator for jitter; none of them paints a sign.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Grid = NDArray[np.float32]
Painter = Callable[[Grid, Grid, np.random.Generator], Grid]


def _ellipse(x: Grid, y: Grid, cx: float, cy: float, rx: float, ry: float) -> Grid:
    """Soft membership in an ellipse, 1 inside and 0 outside."""
    distance = np.sqrt(((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2)
    return np.asarray(np.clip((1.0 - distance) * 12.0, 0.0, 1.0), dtype=np.float32)


def _jitter(rng: np.random.Generator, width: float = 0.05) -> float:
    return float(rng.uniform(-width, width))


def radiography(x: Grid, y: Grid, rng: np.random.Generator) -> Grid:
    """Two lungs, ribs and a bright middle."""
    lungs = np.maximum(
        _ellipse(x, y, -0.45 + _jitter(rng), 0.0, 0.36, 0.8), _ellipse(x, y, 0.45 + _jitter(rng), 0.0, 0.36, 0.8)
    )
    ribs = 0.07 * (np.sin((y + 0.25 * np.abs(x)) * 16 + rng.uniform(0, 6)) > 0.55)
    return np.asarray(0.62 - 0.34 * lungs + ribs, dtype=np.float32)


def tomography(x: Grid, y: Grid, rng: np.random.Generator) -> Grid:
    """A bright skull around grey tissue, on black."""
    head = _ellipse(x, y, _jitter(rng), 0.0, 0.9, 0.97)
    inner = _ellipse(x, y, 0.0, 0.0, 0.8, 0.87)
    return np.asarray(0.95 * head - 0.6 * inner + 0.03 * np.cos(x * 9) * inner, dtype=np.float32)


def magnetic_resonance(x: Grid, y: Grid, rng: np.random.Generator) -> Grid:
    """Folded tissue without a bright rim, and two dark ventricles."""
    head = _ellipse(x, y, 0.0, _jitter(rng), 0.92, 0.95)
    folds = 0.08 * np.sin(11 * x + 4 * np.sin(6 * y + rng.uniform(0, 6))) * head
    ventricles = np.maximum(_ellipse(x, y, -0.12, 0.0, 0.08, 0.25), _ellipse(x, y, 0.12, 0.0, 0.08, 0.25))
    return np.asarray(0.5 * head + folds - 0.25 * ventricles, dtype=np.float32)


def sonography(x: Grid, y: Grid, rng: np.random.Generator) -> Grid:
    """Speckled layers that darken with depth, over the whole width."""
    layers = 0.12 * np.sin(7 * y + 0.6 * np.sin(2 * x + rng.uniform(0, 6)))
    speckle = rng.normal(0, 0.09, x.shape)
    return np.asarray(0.5 - 0.15 * y + layers + speckle, dtype=np.float32)


def mammography(x: Grid, y: Grid, rng: np.random.Generator) -> Grid:
    """A half dome from the left edge, on black."""
    dome = _ellipse(x, y, -1.0, _jitter(rng, 0.1), 1.75, 0.98)
    strands = 0.07 * np.sin(8 * np.arctan2(y, x + 1.05) + rng.uniform(0, 6)) * dome
    return np.asarray(0.48 * dome + strands, dtype=np.float32)


def fundoscopy(x: Grid, y: Grid, rng: np.random.Generator) -> Grid:
    """A round field with a bright disc and dark vessels."""
    field = _ellipse(x, y, 0.0, 0.0, 0.98, 0.98)
    disc = _ellipse(x, y, 0.02 + _jitter(rng), _jitter(rng), 0.17, 0.17)
    angle = np.arctan2(y, x) + 0.4 * np.hypot(x, y)
    vessels = (np.abs(np.sin(2.5 * angle + rng.uniform(0, 6))) < 0.1) * field
    return np.asarray(0.55 * field + 0.4 * disc - 0.16 * vessels, dtype=np.float32)


def dermoscopy(x: Grid, y: Grid, rng: np.random.Generator) -> Grid:
    """Pale skin with a few hairs and dark corners."""
    corners = np.clip(np.hypot(x, y) - 0.95, 0, 1) * 1.6
    hairs = np.zeros_like(x)
    for _ in range(3):
        slope, offset = rng.uniform(-1, 1), rng.uniform(-0.9, 0.9)
        hairs = np.maximum(hairs, np.abs(y - slope * x - offset) < 0.018)
    return np.asarray(0.68 - corners - 0.25 * hairs, dtype=np.float32)


def endoscopy(x: Grid, y: Grid, rng: np.random.Generator) -> Grid:
    """A lit tube with rings of folds and a dark way ahead."""
    radius = np.hypot(x + _jitter(rng), y + _jitter(rng))
    folds = 0.08 * np.sin(14 * radius + rng.uniform(0, 6))
    octagon = (np.abs(x) + np.abs(y) < 1.55).astype(np.float32)
    return np.asarray((0.15 + 0.5 * np.clip(radius * 1.5, 0, 1) + folds) * octagon, dtype=np.float32)


def scintigraphy(x: Grid, y: Grid, rng: np.random.Generator) -> Grid:
    """Scattered counts of a body's outline."""
    body = np.maximum(_ellipse(x, y, 0, 0.15, 0.85, 0.85), _ellipse(x, y, 0, -0.8, 0.3, 0.25))
    counts = rng.poisson(2.5 * body + 0.15) / 6.0
    return np.asarray(0.06 + 0.85 * counts, dtype=np.float32)


def echocardiography(x: Grid, y: Grid, rng: np.random.Generator) -> Grid:
    """A fan from the top with a dark chamber and speckle, on black."""
    angle = np.abs(np.arctan2(x, y + 1.25))
    fan = ((angle < 0.78 + _jitter(rng)) & (np.hypot(x, y + 1.25) < 2.2)).astype(np.float32)
    walls = 0.2 * np.sin(6 * np.hypot(x, y + 1.25) + rng.uniform(0, 6))
    speckle = rng.normal(0, 0.1, x.shape)
    return np.asarray((0.42 + walls + speckle) * fan, dtype=np.float32)


PAINTERS: dict[str, Painter] = {
    "radiography": radiography,
    "tomography": tomography,
    "magnetic resonance": magnetic_resonance,
    "sonography": sonography,
    "mammography": mammography,
    "fundoscopy": fundoscopy,
    "dermoscopy": dermoscopy,
    "endoscopy": endoscopy,
    "scintigraphy": scintigraphy,
    "echocardiography": echocardiography,
}
