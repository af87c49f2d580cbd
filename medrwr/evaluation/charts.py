"""Charts as inline SVG: no script, no picture file; colours come from the page, so they follow light and dark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from textwrap import wrap
from typing import Literal

WIDTH, HEIGHT = 440, 320
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 14, 14, 44
_ROW, _LABELS, _NUMBER = 26, 200, 58
_LINE, _LETTERS = 15, 28  # of a row's label: a line's height, and what fits in one
_TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True, slots=True)
class Series:
    """Points (x, y); the page colours series by their place."""

    label: str
    points: tuple[tuple[float, float], ...]
    style: Literal["line", "dots"] = "line"


@dataclass(frozen=True, slots=True)
class Chart:
    """A plot of points within `x_range` and `y_range`; `diagonal` draws where x equals y."""

    title: str
    x_label: str
    y_label: str
    series: tuple[Series, ...]
    diagonal: bool = False
    note: str = ""
    x_range: tuple[float, float] = (0.0, 1.0)
    y_range: tuple[float, float] = (0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Whisker:
    """A row of an interval plot."""

    label: str
    estimate: float
    lower: float
    upper: float


def render_chart(chart: Chart) -> str:
    """The chart as an <svg> element."""
    parts = [*_axes(chart)]
    if chart.diagonal:
        parts.append(_line(_x(0), _y(0), _x(1), _y(1), "diagonal"))
    for place, series in enumerate(chart.series):
        points = [(_share(x, chart.x_range), _share(y, chart.y_range)) for x, y in series.points]
        parts += _series(points, series.style, place)
        parts += _legend(series.label, place, len(chart.series), below=chart.diagonal)
    return _svg(WIDTH, HEIGHT, chart.title, parts)


def render_whiskers(title: str, rows: Sequence[Whisker], *, reference: float | None = None) -> str:
    """Estimates with their intervals on a scale of 0 to 1, one below the other; `reference` is a dashed line."""
    labels = [wrap(row.label, _LETTERS) or [""] for row in rows]
    heights = [_ROW + _LINE * (len(lines) - 1) for lines in labels]
    bottom = _TOP + sum(heights)

    def x(value: float) -> float:
        return _LABELS + value * (WIDTH - _LABELS - _NUMBER)

    parts = []
    for tick in _TICKS:
        parts.append(_line(x(tick), _TOP, x(tick), bottom, "grid"))
        parts.append(_text(x(tick), bottom + 18, f"{tick:.0%}", "middle"))
    if reference is not None:
        parts.append(_line(x(reference), _TOP, x(reference), bottom, "diagonal"))
    for place, (row, lines) in enumerate(zip(rows, labels, strict=True)):
        y = _TOP + sum(heights[:place]) + heights[place] / 2
        first = y + 4 - _LINE * (len(lines) - 1) / 2
        parts += [_text(_LABELS - 10, first + _LINE * number, line, "end") for number, line in enumerate(lines)]
        parts.append(_line(x(row.lower), y, x(row.upper), y, "whisker"))
        parts.append(f'<circle class="mark s0" cx="{x(row.estimate):.1f}" cy="{y:.1f}" r="4.5"/>')
        parts.append(_text(WIDTH - 4, y + 4, f"{row.estimate:.1%}", "end"))
    return _svg(WIDTH, bottom + 30, title, parts)


def _share(value: float, within: tuple[float, float]) -> float:
    """Where in the range a value lies, 0 to 1; beyond it, at its end."""
    low, high = within
    return min(1.0, max(0.0, (value - low) / (high - low)))


def _at(share: float, within: tuple[float, float]) -> float:
    return within[0] + share * (within[1] - within[0])


def _axes(chart: Chart) -> list[str]:
    parts = []
    for tick in _TICKS:
        parts.append(_line(_x(tick), _y(0), _x(tick), _y(1), "grid"))
        parts.append(_line(_x(0), _y(tick), _x(1), _y(tick), "grid"))
        parts.append(_text(_x(tick), _y(0) + 17, f"{_at(tick, chart.x_range):.3g}", "middle"))
        parts.append(_text(_x(0) - 7, _y(tick) + 4, f"{_at(tick, chart.y_range):.3g}", "end"))
    parts.append(_text(_x(0.5), HEIGHT - 8, chart.x_label, "middle"))
    middle = _y(0.5)
    parts.append(
        f'<text x="14" y="{middle:.1f}" text-anchor="middle" transform="rotate(-90 14 {middle:.1f})">'
        f"{escape(chart.y_label)}</text>"
    )
    return parts


def _series(points: Sequence[tuple[float, float]], style: str, place: int) -> list[str]:
    dots = [f'<circle class="mark s{place}" cx="{_x(x):.1f}" cy="{_y(y):.1f}" r="4"/>' for x, y in points]
    path = " ".join(f"{_x(x):.1f},{_y(y):.1f}" for x, y in points)
    line = f'<polyline class="curve s{place}" points="{path}"/>'
    return [line, *dots] if style == "dots" else [line]


def _legend(label: str, place: int, count: int, *, below: bool) -> list[str]:
    y = _y(0) - 12 - 18 * (count - 1 - place) if below else _TOP + 16 + 18 * place
    anchor = WIDTH - _RIGHT - 8
    return [
        _text(anchor - 16, y, label, "end"),
        f'<circle class="mark s{place}" cx="{anchor - 6}" cy="{y - 4}" r="4.5"/>',
    ]


def _x(value: float) -> float:
    return _LEFT + value * (WIDTH - _LEFT - _RIGHT)


def _y(value: float) -> float:
    return HEIGHT - _BOTTOM - value * (HEIGHT - _TOP - _BOTTOM)


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _svg(width: int, height: int, title: str, parts: Sequence[str]) -> str:
    return (
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(title, quote=True)}">'
        f"<title>{escape(title)}</title>{''.join(parts)}</svg>"
    )
