"""Draws a sign on a modality's background: a shape, filled with a texture, at a location, with jitter and noise."""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from medrwr.clinic.backgrounds import PAINTERS, Grid
from medrwr.clinic.ontology import Sign

CENTRES = {
    "apical": (0.0, -0.58),
    "basal": (0.0, 0.58),
    "lateral": (-0.58, 0.0),
    "medial": (0.58, 0.0),
    "anterior": (-0.5, -0.5),
    "posterior": (0.5, 0.5),
}
RADIUS = 0.34


def _disc(u: Grid, v: Grid) -> NDArray[np.bool_]:
    return np.asarray(np.hypot(u, v) < 0.95)


def _ring(u: Grid, v: Grid) -> NDArray[np.bool_]:
    radius = np.hypot(u, v)
    return np.asarray((radius < 1.0) & (radius > 0.5))


def _band(u: Grid, v: Grid) -> NDArray[np.bool_]:
    return (np.abs(v) < 0.4) & (np.abs(u) < 1.25)


def _wedge(u: Grid, v: Grid) -> NDArray[np.bool_]:
    return (v < 0.85) & (v > -0.95) & (np.abs(u) < 0.55 * (v + 0.95))


def _crescent(u: Grid, v: Grid) -> NDArray[np.bool_]:
    return np.asarray((np.hypot(u, v) < 1.05) & (np.hypot(u - 0.55, v) > 0.8))


def _cross(u: Grid, v: Grid) -> NDArray[np.bool_]:
    return ((np.abs(u) < 0.3) & (np.abs(v) < 1.1)) | ((np.abs(v) < 0.3) & (np.abs(u) < 1.1))


SHAPES: dict[str, Callable[[Grid, Grid], NDArray[np.bool_]]] = {
    "disc": _disc,
    "ring": _ring,
    "band": _band,
    "wedge": _wedge,
    "crescent": _crescent,
    "cross": _cross,
}


def _texture(name: str, u: Grid, v: Grid, rng: np.random.Generator) -> Grid:
    """Grey values of the filling."""
    if name == "solid":
        return np.full_like(u, 0.97)
    if name == "lucent":
        return np.full_like(u, 0.02)
    if name == "striated":
        return np.asarray(0.5 + 0.48 * np.sign(np.sin(15 * u + rng.uniform(0, 6))), dtype=np.float32)
    if name == "reticular":
        lines = (np.sin(13 * (u + v) + rng.uniform(0, 6)) > 0.45) | (np.sin(13 * (u - v) + rng.uniform(0, 6)) > 0.45)
        return np.where(lines, 0.95, 0.2).astype(np.float32)
    if name == "granular":
        coarse = rng.random((u.shape[0] // 4 + 1, u.shape[1] // 4 + 1))
        dots = np.kron(coarse, np.ones((4, 4)))[: u.shape[0], : u.shape[1]]
        return np.where(dots > 0.5, 0.9, 0.1).astype(np.float32)
    return np.asarray(np.clip(0.5 + 0.5 * v, 0.0, 1.0), dtype=np.float32)  # shaded: dark above, bright below


@functools.lru_cache(maxsize=4)
def _grid(size: int) -> tuple[Grid, Grid]:
    axis = np.linspace(-1, 1, size, dtype=np.float32)
    x, y = np.meshgrid(axis, axis)
    return x, y


def render(modality: str, sign: Sign, *, seed: int, size: int = 112) -> NDArray[np.uint8]:
    """An image [size, size], 8-bit grey. The same arguments give the same bytes."""
    rng = np.random.default_rng([seed, size, len(modality)])
    x, y = _grid(size)
    canvas: NDArray[np.floating] = PAINTERS[modality](x, y, rng)
    cx, cy = CENTRES[sign.location]
    scale = RADIUS * rng.uniform(0.9, 1.12)
    turn = rng.uniform(-0.15, 0.15)
    dx, dy = x - cx - rng.uniform(-0.06, 0.06), y - cy - rng.uniform(-0.06, 0.06)
    u = ((np.cos(turn) * dx + np.sin(turn) * dy) / scale).astype(np.float32)
    v = ((np.cos(turn) * dy - np.sin(turn) * dx) / scale).astype(np.float32)
    halo = np.hypot(u, v) < 1.35
    canvas = np.where(halo, 0.45 + 0.35 * (canvas - 0.45), canvas)
    canvas = np.where(SHAPES[sign.shape](u, v), _texture(sign.texture, u, v, rng), canvas)
    canvas = canvas * rng.uniform(0.88, 1.08) + rng.uniform(-0.03, 0.05) + rng.normal(0, 0.025, canvas.shape)
    return (np.clip(canvas, 0.0, 1.0) * 255).astype(np.uint8)
